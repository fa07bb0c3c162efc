#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import SystemPackage

/// A unix socket in the file system, asked by a plain connect whether somebody listens.
///
/// The clients above it connect lazily and try again for a while; this tells at once, and why.
struct UnixSocket: Hashable, Sendable {
  let path: String

  /// Why nobody can be spoken to, or `nil` when somebody listens.
  func fault() -> Errno? {
    switch connected() {
    case .success(let descriptor):
      close(descriptor)
      return nil
    // A full queue means that somebody listens and is busy.
    case .failure(let error): return error == .resourceTemporarilyUnavailable ? nil : error
    }
  }

  /// The process that listens, as far as it is seen from here.
  var owner: pid_t? {
    #if os(Linux)
      guard case .success(let descriptor) = connected() else { return nil }
      defer { close(descriptor) }
      // A struct ucred, which begins with the process.
      var credentials: [pid_t] = [0, 0, 0]
      var size = socklen_t(MemoryLayout<pid_t>.size * credentials.count)
      guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, credentials[0] > 0 else {
        return nil
      }
      return credentials[0]
    #else
      return nil
    #endif
  }

  /// The caller closes the descriptor.
  private func connected() -> Result<Int32, Errno> {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // One byte stays for the terminating zero.
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return .failure(.fileNameTooLong) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    #if os(Linux)
      let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return .failure(Errno(rawValue: errno)) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result != 0 else { return .success(descriptor) }
    let code = Errno(rawValue: errno)
    close(descriptor)
    return .failure(code)
  }
}

extension RuntimeError {
  /// The error for a socket that cannot be connected to.
  init(socket fault: Errno, of endpoint: RuntimeEndpoint, operation: String, subject: String) {
    let (code, detail): (Code, String) =
      switch fault {
      case .noSuchFileOrDirectory, .notDirectory: (.noSocket, "there is no socket at \(endpoint.path)")
      case .permissionDenied, .notPermitted: (.notPermitted, "this user may not use the socket \(endpoint.path)")
      case .connectionRefused: (.unreachable, "nothing listens at the socket \(endpoint.path)")
      case .fileNameTooLong: (.unsupported, "the socket's path is longer than 107 bytes")
      default: (.unreachable, "the socket \(endpoint.path) cannot be used: \(fault)")
      }
    self.init(
      code, endpoint: endpoint, operation: operation, subject: subject, detail: detail,
      remedy: Self.remedy(for: code))
  }
}
