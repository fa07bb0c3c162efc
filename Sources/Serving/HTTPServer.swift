package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
package import NIOCore
package import NIOSSL
import ServiceLifecycle
import Synchronization

/// An HTTP/1.1 server on one address, which may end at any moment, also while a client connects.
package final class HTTPServer: Sendable {
  private let services: ServiceGroup

  /// - Parameters:
  ///   - port: 0 for any free one.
  ///   - handlers: further handlers of each connection.
  ///   - shutdownTimeout: how long clients that do not take their answers are waited for at the end.
  ///   - onStart: gets the port.
  package init<Responder: HTTPResponder>(
    host: String = "127.0.0.1", port: Int = 0, tls: TLSConfiguration? = nil, serverName: String? = nil,
    idleTimeout: TimeAmount? = nil, shutdownTimeout: Duration = .seconds(3),
    handlers: @escaping @Sendable () -> [any RemovableChannelHandler] = { [] }, logger: Logger, responder: Responder,
    onStart: @escaping @Sendable (Int) -> Void
  ) where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    var tls = tls
    // Clients that do not answer the end of their TLS are waited for five seconds otherwise.
    tls?.shutdownTimeout = .milliseconds(250)
    let secured = tls
    let application = Application(
      responder: responder,
      server: HTTPServerBuilder { respond in
        let plain = HTTP1Channel(
          responder: respond,
          configuration: .init(additionalChannelHandlers: handlers(), idleTimeout: idleTimeout))
        return try secured.map { Droppable(try TLSChannel(plain, tlsConfiguration: $0)) } ?? Droppable(plain)
      },
      configuration: .init(address: .hostname(host, port: port), serverName: serverName),
      onServerRunning: { onStart($0.localAddress?.port ?? 0) }, logger: logger)
    var configuration = ServiceGroupConfiguration(services: [.init(service: application)], logger: logger)
    configuration.maximumGracefulShutdownDuration = shutdownTimeout
    services = ServiceGroup(configuration: configuration)
  }

  /// Serves until ``stop()`` or the task's cancellation; answers what has been asked, then returns.
  ///
  /// - Throws: `IOError` where the address cannot be listened on.
  package func run() async throws {
    // A task of its own keeps the cancellation away, which becomes a graceful shutdown.
    let serving = Task { try await services.run() }
    try await withTaskCancellationHandler {
      try await serving.value
    } onCancel: {
      Task { await stop() }
    }
  }

  /// Begins to end: takes no new connections, drops the idle ones.
  package func stop() async { await services.triggerGracefulShutdown() }
}

/// Connections that may be dropped before they are served.
///
/// A server that ends, gracefully or not, drops the connections that it has accepted and not begun to serve; NIO traps
/// on that (swift-nio issue 2637). Here such a connection is closed, then served, which ends at once.
private struct Droppable<Base: ServerChildChannel>: ServerChildChannel {
  final class Value: ServerChildChannelValue {
    let channel: any Channel
    private let base: Base
    private let logger: Logger
    private let unserved: Mutex<Base.Value?>

    init(_ value: Base.Value, base: Base, logger: Logger) {
      channel = value.channel
      self.base = base
      self.logger = logger
      unserved = Mutex(value)
    }

    func serve() async {
      guard let value = unserved.withLock({ $0.take() }) else { return }
      await base.handle(value: value, logger: logger)
    }

    deinit {
      guard let value = unserved.withLock({ $0.take() }) else { return }
      Task { [base, logger] in
        value.channel.close(promise: nil)
        await base.handle(value: value, logger: logger)
      }
    }
  }

  private let base: Base

  init(_ base: Base) { self.base = base }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    base.setup(channel: channel, logger: logger).map { Value($0, base: base, logger: logger) }
  }

  func handle(value: Value, logger: Logger) async { await value.serve() }
}
