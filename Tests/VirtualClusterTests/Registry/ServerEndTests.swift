import Hummingbird
import Kubernetes
import NIOCore
import NIOPosix
import Testing

@testable import VirtualCluster

@Suite("A server that ends while clients come", .timeLimit(.minutes(10)))
struct ServerEndTests {
  /// Connects to `port` again and again until the task is cancelled; hangs up at once, or asks first.
  private func storm(_ port: Int) async {
    while !Task.isCancelled {
      let connecting = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connect(
        host: "127.0.0.1", port: port)
      guard let channel = try? await connecting.get() else { continue }
      try? await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: here\r\n\r\n"))
      try? await channel.close()
    }
  }

  /// NIO traps on connections that a server has accepted and never served, within seconds here.
  @Test("drops no connection in a way that ends the program", arguments: [true, false])
  func storm(isCancelled: Bool) async throws {
    for round in 0..<60 {
      let server = Task {
        try await withLoopbackServer(respond: { _ in .plain(200) }) { port in
          try await withThrowingTaskGroup(of: Void.self) { clients in
            for _ in 0..<8 { clients.addTask { await storm(port) } }
            if isCancelled {
              try await clients.next()
            } else {
              try await Task.sleep(for: .milliseconds(round % 7))
              clients.cancelAll()
            }
          }
        }
      }
      if isCancelled {
        try await Task.sleep(for: .milliseconds(5 + round % 7))
        server.cancel()
      }
      _ = await server.result
    }
  }

  /// NIO waits five seconds for whoever does not answer the end of their TLS.
  @Test("waits little for clients that are connected, over TLS too")
  func end() async throws {
    var options = Cluster.options()
    options.tls = true
    let clock = ContinuousClock()
    let (client, watching, begin) = try await Cluster.with(options) { sandbox in
      let client = try KubernetesClient(sandbox.configuration, logger: Cluster.logger)
      let (events, continuation) = AsyncStream<Void>.makeStream()
      let watching = Task { for try await _ in client.watch(Kubernetes.Node.self) { continuation.yield() } }
      for await _ in events { break }
      return (client, watching, clock.now)
    }
    #expect(clock.now - begin < .seconds(4))
    watching.cancel()
    _ = await watching.result
    await client.shutdown()
  }
}
