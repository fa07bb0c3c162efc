import Documents
import HTTPTypes
import Hummingbird
package import Kubernetes
package import Logging
import NIOCore
import Serving
package import Usage
package import Warming

/// The page of `prepull dashboard`, on loopback, with the rights of the kubeconfig; it reads only.
package final class DashboardServer: Sendable {
  package struct Options: Sendable {
    /// 0 for any free one.
    package var port = 0
    /// Whose Prepulls, runs and pods; nil for all namespaces.
    package var namespace: String?
    /// What people call the cluster.
    package var context: String
    /// The view that the address opens: `view=runs`.
    package var start = ""
    /// The Prepull of these images, for `kubectl apply`.
    package var manifest: @Sendable ([ImageUsage]) throws -> String = { _ in "" }

    package init(context: String) { self.context = context }
  }

  private let options: Options
  private let gate: PageGate
  private let live: LiveMatrix
  private let watch: @Sendable () async -> Void
  private let cost: CostReading?
  private let (reports, reporting) = AsyncStream<RunEvent>.makeStream()
  private let logger: Logger

  package convenience init(_ client: KubernetesClient, _ options: Options, logger: Logger) {
    let board = MatrixBoard(context: options.context, server: client.configuration.server)
    let live = LiveMatrix(board, waitingFor: MatrixWatch.kinds)
    let watch = MatrixWatch(client: client, namespace: options.namespace, live: live)
    self.init(
      options, PageGate(), live, cost: CostReading(client, namespace: options.namespace, manifest: options.manifest),
      logger: logger
    ) { await watch.run() }
  }

  /// - Parameters:
  ///   - cost: nil where there is no cluster to ask.
  ///   - watch: keeps the matrix up to date until it is cancelled, and closes it then.
  init(
    _ options: Options, _ gate: PageGate, _ live: LiveMatrix, cost: CostReading? = nil, logger: Logger,
    watch: @escaping @Sendable () async -> Void
  ) {
    self.options = options
    self.gate = gate
    self.live = live
    self.cost = cost
    self.watch = watch
    self.logger = logger
  }

  /// Shows what the run beside it does; quick, and in order.
  package func report(_ event: RunEvent) { reporting.yield(event) }

  /// Whether a browser has come in.
  package var hasVisitor: Bool { gate.hasEntered }

  /// Serves until the task is cancelled.
  ///
  /// - Parameter onStart: gets the address, which works once.
  /// - Throws: `StatusServer.AddressError` where the port cannot be listened on.
  package func run(onStart: @escaping @Sendable (String) -> Void) async throws {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .critical)
    let server = HTTPServer(
      port: options.port, serverName: "prepull", idleTimeout: .seconds(90), shutdownTimeout: .seconds(1), logger: quiet,
      responder: CallbackResponder<BasicRequestContext> { [self] request, _ in
        let response = await answer(request)
        return request.method == .head ? Response(status: response.status, headers: response.headers) : response
      },
      onStart: { [gate] port in
        gate.listens(on: port)
        onStart(gate.address)
      })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [watch] in await watch() }
      group.addTask { [reports, live] in
        for await event in reports { await live.take { $0.take(event) } }
        // Nothing more comes; the page goes on.
        while (try? await Task.sleep(for: .seconds(3600))) != nil {}
      }
      group.addTask { [options] in
        do {
          try await server.run()
        } catch let error as IOError {
          throw StatusServer.AddressError(
            error, serving: "the page", host: "127.0.0.1", port: options.port, option: "--port")
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func answer(_ request: Request) async -> Response {
    switch gate.verdict(on: request) {
    case .refused(let status, let text): return PageAnswer.text(status, text)
    case .entered(let cookie): return entry(cookie)
    case .allowed: break
    }
    return await PageRoutes(live: live, cost: cost).answer(request)
  }

  /// A page of its own that goes on to the real one: a cookie that is SameSite=Strict is not sent along a redirect from
  /// elsewhere, but from here it is.
  private func entry(_ cookie: String) -> Response {
    let start = options.start.isEmpty ? "/" : "/#\(options.start)"
    return PageAnswer.make(
      200, type: "text/html; charset=utf-8",
      body: .init(
        byteBuffer: ByteBuffer(
          string: """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Prepull</title>\
            <link rel="icon" href="/icon.svg">\
            <meta http-equiv="refresh" content="0; url=\(start)"><a href="\(start)">Go on</a></html>

            """)), more: [.setCookie: cookie])
  }
}

extension EstimateQuestion {
  /// Nil where something is no number that can be.
  init?(_ parameter: (String) -> String?) {
    self.init()
    func number(_ name: String) -> Double?? {
      guard let text = parameter(name) else { return .some(nil) }
      guard let value = Double(text), value > 0, value < 1e15 else { return nil }
      return .some(value)
    }
    guard let parallelism = number("parallelism"), let node = number("node"), let registry = number("registry"),
      let unpack = number("unpack"), let seeds = number("seeds"),
      let source = Source(rawValue: parameter("source") ?? "registry")
    else { return nil }
    self.source = source
    self.seeds = min(100_000, Int(seeds ?? 0))
    isAll = parameter("scope") == "all"
    self.parallelism = max(1, min(100_000, Int(parallelism ?? 20)))
    nodeBandwidth = node ?? nodeBandwidth
    registryBandwidth = registry
    unpackBandwidth = unpack
  }
}
