import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Serving
import Synchronization

/// Serves the page of a cluster over TLS, with a bound on what is answered at a time.
struct PageServer: Sendable {
  private static let mostAtOnce = 200

  private let page: ClusterPage
  private let host: String
  private let port: Int
  private let certificate: PageCertificate
  private let logger: Logger

  /// - Throws: `StatusServer.AddressError`.
  init(_ page: ClusterPage, at address: String, _ certificate: PageCertificate, logger: Logger) throws {
    (host, port) = try StatusServer.parse(address)
    self.page = page
    self.certificate = certificate
    self.logger = logger
  }

  /// Until the task is cancelled.
  ///
  /// - Parameter onStart: gets the port.
  func run(onStart: @escaping @Sendable (Int) -> Void) async throws {
    var quiet = logger
    // Addresses of requests hold no secret, and are nobody's business all the same.
    quiet.logLevel = max(logger.logLevel, .critical)
    let running = Running()
    let server = HTTPServer(
      host: host, port: port, tls: certificate.tls, serverName: "prepull", idleTimeout: .seconds(90),
      shutdownTimeout: .seconds(1), logger: quiet,
      responder: CallbackResponder<BasicRequestContext> { [page] request, _ in
        guard running.begin() else { return PageAnswer.text(503, "too many ask at once: try again\n") }
        defer { running.end() }
        let response = await page.answer(request)
        return request.method == .head ? Response(status: response.status, headers: response.headers) : response
      }, onStart: onStart)
    do {
      try await server.run()
    } catch let error as IOError {
      throw StatusServer.AddressError(error, serving: "the page", host: host, port: port, option: "--address")
    }
  }

  /// Requests that are being answered.
  private final class Running: Sendable {
    private let count = Mutex(0)

    func begin() -> Bool {
      count.withLock { count in
        guard count < PageServer.mostAtOnce else { return false }
        count += 1
        return true
      }
    }

    func end() { count.withLock { $0 -= 1 } }
  }
}
