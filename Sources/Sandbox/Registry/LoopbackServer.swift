package import HTTPTypes
package import Hummingbird
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// Runs an HTTP server on a free loopback port for as long as `body` runs; `body` gets the port.
package func withLoopbackServer<Result>(
  tls identity: CertificateAuthority.Identity? = nil,
  respond: @escaping @Sendable (Request) async throws -> Response,
  _ body: (Int) async throws -> Result
) async throws -> Result {
  var logger = Logger(label: "loopback-server")
  logger.logLevel = .critical
  let (ports, continuation) = AsyncStream<Int>.makeStream()
  let application = Application(
    responder: CallbackResponder<BasicRequestContext> { request, _ in try await respond(request) },
    server: try identity.map { try .tls(tlsConfiguration: $0.serverConfiguration) } ?? .http1(),
    configuration: .init(address: .hostname("127.0.0.1", port: 0)),
    onServerRunning: { channel in
      continuation.yield(channel.localAddress?.port ?? 0)
      continuation.finish()
    },
    logger: logger)
  let services = ServiceGroup(configuration: .init(services: [.init(service: application)], logger: logger))
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      defer { continuation.finish() }
      try await services.run()
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
      try await group.next()
      throw ServerDidNotStart()
    }
    // A server that is cancelled drops connections which it has just accepted, and NIO traps on that: shut it down.
    do {
      let result = try await body(port)
      await services.triggerGracefulShutdown()
      return result
    } catch {
      await services.triggerGracefulShutdown()
      throw error
    }
  }
}

/// Does nothing until the server shuts down.
func stall() async throws {
  try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(3600)) }
}

/// A server ended before it listened.
package struct ServerDidNotStart: Error, CustomStringConvertible {
  private let log: String

  package init(log: String = "") { self.log = log }

  package var description: String { "the server did not start: \(log)" }
}

extension Response {
  /// A whole response from plain values; `body` is not sent to a HEAD request, its length is.
  package static func plain(
    _ status: Int, headers: [(String, String)] = [], body: [UInt8] = [], to method: HTTPRequest.Method = .get
  ) -> Response {
    var fields = HTTPFields()
    for (name, value) in headers {
      if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
    }
    if fields[.contentLength] == nil { fields[.contentLength] = String(body.count) }
    return Response(
      status: .init(code: status), headers: fields,
      body: method == .head ? .init() : .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}
