package import Logging
import Hummingbird
import NIOCore
import NIOSSL
import Serving
import Synchronization

/// A Kubernetes API server on the loopback interface, over a ``Store``.
package final class APIServer: Sendable {
  package struct Options: Sendable {
    /// 0 for any free one.
    package var port = 0
    /// Signs the server's certificate and knows its clients'; nil for plain HTTP.
    package var authority: CertificateAuthority?
    /// Users by bearer token.
    package var tokens: [String: ServerUser] = [:]
    /// Whether requests without credentials are let in, as the administrator's.
    package var isOpen = false
    /// Which Kubernetes the server says it is: 36 for 1.36. Tokens of older ones than 1.30 do not tell the node of the pod
    /// that they are bound to, nor which token they are.
    package var minorVersion = 36
    /// Whether roles say who may do what, and service accounts have tokens; else everybody may do everything.
    package var hasRoles = false
    /// What a container printed, by its pod's uid and its name.
    package var logs: @Sendable (_ pod: String, _ container: String) -> String? = { _, _ in nil }
    /// How often watches that want bookmarks get one.
    package var bookmarkInterval: Duration = .seconds(60)

    package init() {}
  }

  package let store: Store
  package let faults = ServerFaults()
  let options: Options
  let logger: Logger
  let connections = ConnectionTable()
  let authenticator: RequestAuthenticator
  /// Nil: everybody may do everything.
  let authorizer: RBACAuthorizer?
  private let state: Mutex<State>
  private let ports: AsyncStream<Int>
  private let started: AsyncStream<Int>.Continuation

  private struct State {
    var port: Int
    var server: HTTPServer?
    var isStopping = false
    var pause: Duration?
  }

  package init(store: Store, options: Options = Options(), logger: Logger) {
    self.store = store
    self.options = options
    self.logger = logger
    authenticator = RequestAuthenticator(
      tokens: options.tokens, isOpen: options.isOpen,
      accounts: options.hasRoles ? ServiceAccountTokens(store, namesNodes: options.minorVersion >= 30) : nil)
    authorizer = options.hasRoles ? RBACAuthorizer(store) : nil
    state = Mutex(State(port: options.port))
    (ports, started) = AsyncStream.makeStream()
  }

  /// How many requests there were, by kind.
  package var requestCounts: [RequestKey: Int] { faults.requestCounts }

  /// `https://127.0.0.1:PORT`, once it runs.
  package var address: String {
    "\(options.authority == nil ? "http" : "https")://127.0.0.1:\(state.withLock { $0.port })"
  }

  /// Serves for as long as `body` runs.
  package func serving<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.run() }
      var iterator = ports.makeAsyncIterator()
      guard await iterator.next() != nil else {
        try await group.next()
        throw CancellationError()
      }
      do {
        let result = try await body()
        await stop()
        return result
      } catch {
        await stop()
        throw error
      }
    }
  }

  /// Serves until ``stop`` or the task's cancellation; both let requests under way end.
  package func run() async throws {
    defer { started.finish() }
    while let pause = try await runOnce() { try await Task.sleep(for: pause) }
  }

  /// Serves until the next restart, whose pause it returns, or the end.
  private func runOnce() async throws -> Duration? {
    let server = try makeServer()
    let isStopping = state.withLock { state in
      state.server = server
      return state.isStopping
    }
    if isStopping { return nil }
    try await withTaskCancellationHandler {
      try await server.run()
    } onCancel: {
      Task { await self.stop() }
    }
    return state.withLock { state in
      let pause = state.isStopping ? nil : state.pause
      state.server = nil
      state.pause = nil
      return pause
    }
  }

  /// Ends all watches, then the server.
  package func stop() async {
    let server = state.withLock { state in
      state.isStopping = true
      return state.server
    }
    await end(server, dropping: .seconds(1))
  }

  /// Drops every connection, answers nobody for a while, and comes back on the same port with the same store.
  ///
  /// Returns when the server goes down, not when it is back.
  package func restart(downFor pause: Duration = .milliseconds(200)) async {
    let server = state.withLock { state in
      state.pause = pause
      return state.server
    }
    await end(server, dropping: .zero)
  }

  /// Shuts down; requests under way have `grace` to finish, watches none.
  private func end(_ server: HTTPServer?, dropping grace: Duration) async {
    guard let server else { return }
    connections.endWatches()
    await server.stop()
    Task {
      // Requests that came in between may still begin to watch.
      let deadline = ContinuousClock.now.advanced(by: grace)
      while state.withLock({ $0.server === server }) {
        connections.endWatches()
        if ContinuousClock.now >= deadline { connections.dropAll() }
        try? await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  /// Ends the watches under way as a server does that wants to be rid of them; clients begin them again.
  package func cutWatches() { connections.endWatches() }

  /// Drops every connection in the middle of whatever goes over it.
  package func dropConnections() { connections.dropAll() }

  /// Forgets the past: resuming watches and pages meet 410.
  package func compact() { store.compact() }

  /// How many watches are open.
  package var watchCount: Int { connections.watchCount }

  private func makeServer() throws -> HTTPServer {
    var quiet = logger
    quiet.logLevel = .critical
    return HTTPServer(
      port: state.withLock { $0.port }, tls: try tls, handlers: { [HangUpHandler()] }, logger: quiet,
      responder: CallbackResponder<APIRequestContext> { [self] request, context in
        await respond(to: request, on: context.channel)
      },
      onStart: { [self] port in
        state.withLock { $0.port = port }
        started.yield(port)
      })
  }

  private var tls: TLSConfiguration? {
    get throws {
      guard let authority = options.authority else { return nil }
      var configuration = try authority.issue(names: ["localhost", "kubernetes.default.svc"]).serverConfiguration
      configuration.certificateVerification = .optionalVerification
      configuration.trustRoots = .certificates(
        try NIOSSLCertificate.fromPEMBytes(Array(authority.authorityPEM.utf8)))
      return configuration
    }
  }
}

/// A request's context with its connection.
struct APIRequestContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}
