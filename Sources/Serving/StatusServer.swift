import HTTPTypes
import Hummingbird
package import Logging
package import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Serves `/metrics`, `/healthz` and `/readyz` over plain HTTP.
package struct StatusServer: Sendable {
  /// An address that cannot be listened on.
  package struct AddressError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(description: String) { self.description = description }

    /// Why something cannot be served, and which option says where it is.
    package init(_ error: IOError, serving what: String, host: String, port: Int, option: String) {
      let reason = String(cString: strerror(error.errnoCode)).lowercased()
      description = "cannot serve \(what) on \(host):\(port): \(reason); choose another \(option)"
    }
  }

  private let host: String
  private let port: Int
  private let metrics: MetricRegistry
  private let health: ProcessHealth
  private let logger: Logger

  /// - Parameter address: `0.0.0.0:8080`, `[::]:8080`, `:8080`; port 0 is any that is free.
  package init(
    address: String, metrics: MetricRegistry, health: ProcessHealth, logger: Logger
  ) throws(AddressError) {
    (host, port) = try Self.parse(address)
    self.metrics = metrics
    self.health = health
    self.logger = logger
  }

  /// - Throws: what is wrong with an address.
  package static func check(_ address: String) throws(AddressError) { _ = try parse(address) }

  /// Reads an address.
  package static func parse(_ address: String) throws(AddressError) -> (host: String, port: Int) {
    guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
      throw AddressError(description: "the address '\(address)' is not host:port; write for example 0.0.0.0:8080")
    }
    var host = String(address[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return (host.isEmpty ? "0.0.0.0" : host, Int(port))
  }

  /// Serves until the task is cancelled; answers what has been asked, then returns.
  ///
  /// - Parameter onStart: gets the port.
  /// - Throws: what keeps it from listening: the port is in use, …
  package func run(onStart: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    let (metrics, health) = (metrics, health)
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let server = HTTPServer(
      host: host, port: port, serverName: "prepull", idleTimeout: .seconds(90), logger: quiet,
      responder: CallbackResponder<BasicRequestContext> { request, _ in
        Self.answer(request, metrics: metrics, health: health)
      }, onStart: onStart)
    do {
      try await server.run()
    } catch let error as IOError {
      throw AddressError(error, serving: "metrics", host: host, port: port, option: "--metrics-address, or none")
    }
  }

  private static func answer(_ request: Request, metrics: MetricRegistry, health: ProcessHealth) -> Response {
    guard [.get, .head].contains(request.method) else {
      return response(405, "\(request.method.rawValue) is not served here; use GET\n", to: request)
    }
    switch request.uri.path {
    case "/metrics": return response(200, metrics.text, type: Exposition.contentType, to: request)
    case "/healthz": return probe(health.illness(), request)
    case "/readyz": return probe(health.unreadiness ?? health.illness(), request)
    default: return response(404, "not found: here are /metrics, /healthz and /readyz\n", to: request)
    }
  }

  private static func probe(_ problem: String?, _ request: Request) -> Response {
    response(problem == nil ? 200 : 503, "\(problem ?? "ok")\n", to: request)
  }

  private static func response(
    _ status: Int, _ text: String, type: String = "text/plain; charset=utf-8", to request: Request
  ) -> Response {
    let body = ByteBuffer(string: text)
    return Response(
      status: .init(code: status),
      headers: [.contentType: type, .contentLength: "\(body.readableBytes)"],
      body: request.method == .head ? .init() : .init(byteBuffer: body))
  }
}
