package import HTTPTypes
package import Hummingbird
package import KubeAPIServer
import Logging
import NIOCore
import ServiceLifecycle
import Serving

/// Runs an HTTP server on a free loopback port for as long as `body` runs; `body` gets the port.
package func withLoopbackServer<Result>(
  tls identity: CertificateAuthority.Identity? = nil,
  respond: @escaping @Sendable (Request) async throws -> Response,
  _ body: (Int) async throws -> Result
) async throws -> Result {
  var logger = Logger(label: "loopback-server")
  logger.logLevel = .critical
  let (ports, continuation) = AsyncStream<Int>.makeStream()
  let server = HTTPServer(
    tls: try identity?.serverConfiguration, logger: logger,
    responder: CallbackResponder<BasicRequestContext> { request, _ in try await respond(request) },
    onStart: { port in
      continuation.yield(port)
      continuation.finish()
    })
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      defer { continuation.finish() }
      try await server.run()
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
      try await group.next()
      throw ServerDidNotStart()
    }
    do {
      let result = try await body(port)
      await server.stop()
      return result
    } catch {
      await server.stop()
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
