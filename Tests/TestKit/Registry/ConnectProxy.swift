import NIOCore
import NIOPosix
import Synchronization

/// Runs an HTTP proxy that knows CONNECT only; whatever host is asked for, it leads to `port` on the loopback host.
package func withConnectProxy<Result>(
  to port: Int, requiring authorization: String? = nil, _ body: (ConnectProxy) async throws -> Result
) async throws -> Result {
  let proxy = ConnectProxy(target: port, authorization: authorization)
  let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
    .childChannelOption(.allowRemoteHalfClosure, value: true)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(ConnectProxy.Greeting(proxy: proxy))
      }
    }
    .bind(host: "127.0.0.1", port: 0).get()
  proxy.listens(on: server.localAddress?.port ?? 0)
  do {
    let result = try await body(proxy)
    try await server.close()
    return result
  } catch {
    try? await server.close()
    throw error
  }
}

/// A proxy of the tests; see `withConnectProxy`.
package final class ConnectProxy: Sendable {
  private struct State {
    var port = 0
    var targets: [String] = []
  }

  fileprivate let target: Int
  fileprivate let authorization: String?
  private let state = Mutex(State())

  fileprivate init(target: Int, authorization: String?) {
    self.target = target
    self.authorization = authorization
  }

  package var port: Int { state.withLock { $0.port } }
  /// `host:port` of every tunnel that was asked for.
  package var targets: [String] { state.withLock { $0.targets } }

  fileprivate func listens(on port: Int) {
    state.withLock { $0.port = port }
  }

  fileprivate func note(_ target: String) {
    state.withLock { $0.targets.append(target) }
  }

  /// Reads the CONNECT request, answers it, and makes room for two glued channels.
  fileprivate final class Greeting: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let proxy: ConnectProxy
    private var head = ""

    init(proxy: ConnectProxy) {
      self.proxy = proxy
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      head += String(buffer: unwrapInboundIn(data))
      guard head.hasSuffix("\r\n\r\n") else { return }
      let words = head.split(separator: " ")
      guard words.count > 2, words[0] == "CONNECT" else { return answer("405 Method Not Allowed", context) }
      proxy.note(String(words[1]))
      if let expected = proxy.authorization, !head.lowercased().contains(expected.lowercased()) {
        return answer("407 Proxy Authentication Required", context)
      }
      let channel = context.channel
      let here = Glue()
      let there = Glue()
      let bound = NIOLoopBound((self, here, context), eventLoop: context.eventLoop)
      ClientBootstrap(group: context.eventLoop)
        .channelInitializer { peer in
          peer.eventLoop.makeCompletedFuture { try peer.pipeline.syncOperations.addHandler(there) }
        }
        .connect(host: "127.0.0.1", port: proxy.target)
        .whenComplete { result in
          let (greeting, here, context) = bound.value
          guard case .success(let peer) = result else { return greeting.answer("502 Bad Gateway", context) }
          here.peer = peer
          there.peer = channel
          greeting.answer("200 OK", context, closes: false)
          context.pipeline.syncOperations.removeHandler(greeting, promise: nil)
          try? context.pipeline.syncOperations.addHandler(here)
        }
    }

    private func answer(_ status: String, _ context: ChannelHandlerContext, closes: Bool = true) {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 \(status)\r\n\r\n")), promise: nil)
      if closes { context.close(promise: nil) }
    }
  }

  /// Hands everything on to the other channel. Both are on one event loop.
  private final class Glue: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    var peer: (any Channel)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      peer?.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
      peer?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
