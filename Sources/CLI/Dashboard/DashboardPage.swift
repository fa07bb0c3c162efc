import Commands
import Dashboard
import Documents
import Kubernetes
import Logging
import Usage
import Warming
import Terminal

/// The page of a cluster, as commands serve it.
struct DashboardPage: Sendable {
  private let server: DashboardServer
  private let context: String
  private let opensBrowser: Bool

  /// - Parameters:
  ///   - namespace: whose Prepulls, runs and pods; nil for all.
  ///   - start: the view that it opens with, as the fragment of the address.
  init(
    _ client: KubernetesClient, namespace: String?, _ options: PageOptions, start: String = "", logger: Logger
  ) {
    context = VisibleText.sanitised(client.configuration.contextName ?? client.configuration.server)
    var serverOptions = DashboardServer.Options(context: context)
    serverOptions.port = options.port ?? 0
    serverOptions.namespace = namespace
    serverOptions.start = start
    serverOptions.manifest = { images in
      try TopImagesPrepull(name: nil, namespace: namespace).text(
        images.map { image in
          let wait = Quantity.time(image.waitPerHour)
          return (image.reference, "\(wait) of waiting per hour, on \(image.nodes) of \(image.eligibleNodes) nodes")
        })
    }
    server = DashboardServer(client, serverOptions, logger: logger)
    opensBrowser = !options.noOpen
  }

  /// Shows what the run beside it does.
  func report(_ event: RunEvent) { server.report(event) }

  /// Until the task is cancelled.
  ///
  /// - Parameter note: a line that follows the address.
  func serve(note: String? = nil) async throws {
    let opening = BrowserOpening(isWanted: opensBrowser)
    defer { opening.remove() }
    try await server.run { [context] address in
      let lines =
        ["the page of \(context), until Ctrl-C; this address works once:", "  \(address)"] + [note].compactMap(\.self)
      Console.standardError.write(lines: lines)
      opening.open(address)
    }
  }

  /// Serves it while `body` runs, which begins when a browser has come in, or after a while.
  ///
  /// - Parameter what: begins then, in words: `the run`.
  func serving<Result: Sendable>(
    _ what: String, waiting limit: Duration, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await serve(note: "\(what) begins when the page is open, or in \(limit.words)")
        return nil
      }
      group.addTask { [server] in
        let deadline = ContinuousClock.now + limit
        while !server.hasVisitor, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(100)) }
        return try await body()
      }
      defer { group.cancelAll() }
      while let result = try await group.next() { if let result { return result } }
      throw CancellationError()
    }
  }
}
