import Glibc
import VirtualCluster

/// Runs `body` with a loopback port that refuses connections: it is bound, so that nobody else gets it, but no more.
package func withRefusingPort<Result>(_ body: (Int) async throws -> Result) async throws -> Result {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
    }
  }
  guard isBound else { throw ServerDidNotStart(log: "no port can be bound") }
  return try await body(Int(in_port_t(bigEndian: address.sin_port)))
}
