import Foundation
import Glibc
import SystemPackage
import TestKit
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(10))) struct UnixSocketTests {
  /// Binds a socket and closes it again: the file stays, as after a crash.
  private func bindAndClose(_ path: String) throws {
    let descriptor = try bind(path)
    close(descriptor)
  }

  private func bind(_ path: String, listens: Bool = false) throws -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0, !listens || listen(descriptor, 8) == 0 else { throw Errno(rawValue: errno) }
    return descriptor
  }

  @Test func tellsWhyNobodyAnswers() async throws {
    try await withTemporaryFolder("s") { folder in
      #expect(UnixSocket(path: folder + "/none").fault() == .noSuchFileOrDirectory)
      #expect(UnixSocket(path: folder + "/none/s").fault() == .noSuchFileOrDirectory)
      try bindAndClose(folder + "/stale")
      #expect(UnixSocket(path: folder + "/stale").fault() == .connectionRefused)
      try Data().write(to: URL(filePath: folder + "/file"))
      #expect(UnixSocket(path: folder + "/file").fault() == .connectionRefused)
      #expect(UnixSocket(path: folder + "/file/s").fault() == .notDirectory)
      #expect(UnixSocket(path: "/" + String(repeating: "s", count: 200)).fault() == .fileNameTooLong)
      let descriptor = try bind(folder + "/live", listens: true)
      defer { close(descriptor) }
      #expect(UnixSocket(path: folder + "/live").fault() == nil)
    }
  }

  /// The file system's user of one thread is changed, so that this works in a process of root.
  @Test(.enabled(if: getuid() == 0, "only root can become somebody else")) func tellsThatItIsNotPermitted() async throws
  {
    try await withTemporaryFolder("s") { folder in
      let path = folder + "/root-only"
      let descriptor = try bind(path, listens: true)
      defer { close(descriptor) }
      chmod(path, 0o600)
      chmod(folder, 0o755)
      let fault = asNobody { UnixSocket(path: path).fault() }
      #expect(fault == .permissionDenied)
    }
  }

  /// No suspension in `body`: the identity is the thread's.
  private func asNobody<Result>(_ body: () -> Result) -> Result {
    // Of a C header that Swift's Glibc leaves out.
    typealias Function = @convention(c) (UInt32) -> Int32
    let setfsuid = unsafeBitCast(dlsym(nil, "setfsuid"), to: Function.self)
    _ = setfsuid(65534)
    defer { _ = setfsuid(0) }
    return body()
  }

  @Test(arguments: [
    (Errno.noSuchFileOrDirectory, RuntimeError.Code.noSocket, false), (.notDirectory, .noSocket, false),
    (.permissionDenied, .notPermitted, false), (.connectionRefused, .unreachable, true),
    (.fileNameTooLong, .unsupported, false),
  ]) func namesTheErrorForAUser(_ fault: Errno, _ code: RuntimeError.Code, _ isRetryable: Bool) {
    let endpoint = RuntimeEndpoint(kind: .docker, path: "/run/docker.sock")
    let error = RuntimeError(socket: fault, of: endpoint, operation: "list images", subject: "at \(endpoint)")
    #expect(error.code == code)
    #expect(error.isRetryable == isRetryable)
    #expect(error.description.hasPrefix("cannot list images at docker:///run/docker.sock: "))
  }
}
