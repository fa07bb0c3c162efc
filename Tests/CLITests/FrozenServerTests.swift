import Foundation
import Glibc
import TestKit
import Testing

/// An API server that is frozen: the kernel takes the connection, and nobody ever speaks.
@Suite("An API server that is frozen", .timeLimit(.minutes(2)))
struct FrozenServerTests {
  @Test(
    "Ctrl-C ends a command that waits for it, long before the connection would time out",
    arguments: [["status"], ["images"], ["delete", "x"], ["run", "127.0.0.1:9/web:1"]])
  func interrupted(_ command: [String]) async throws {
    let server = try FrozenServer()
    defer { server.close() }
    let arguments = command + ["--server", "https://127.0.0.1:\(server.port)", "--insecure-skip-tls-verify"]
    let begin = ContinuousClock.now
    let outcome = try await PrepullProgram.run(
      arguments, environment: ["KUBECONFIG": "/dev/null"], input: "", signal: SIGINT, when: { server.isAsked })
    #expect(outcome.exitCode == 130, "\(outcome)")
    // The connection itself would be given up after 10 s.
    #expect(ContinuousClock.now - begin < .seconds(8), "\(outcome)")
  }
}

/// A socket that listens and accepts nothing.
private struct FrozenServer: Sendable {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = descriptor
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && listen(socket, 16) == 0 ? getsockname(socket, pointer, &length) : -1
      }
    }
    guard code == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
  }

  /// Whether somebody is connected.
  var isAsked: Bool {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, 0) == 1
  }

  func close() { _ = Glibc.close(descriptor) }
}
