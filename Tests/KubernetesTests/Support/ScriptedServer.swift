import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server that answers with bytes that the test chooses, right or wrong; whole requests are recorded.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    let method: String
    /// With the query.
    let target: String
    /// By name in lower case.
    let headers: [String: String]
    let body: String

    var path: String { String(target.prefix { $0 != "?" }) }
  }

  struct Reply: Sendable {
    enum Ending: Sendable { case keepsAlive, closes, hangs }

    /// Written one after the other, with a moment between.
    var pieces: [String]
    var ending: Ending

    static func json(_ text: String, status: Int = 200, headers: [String] = [], promising length: Int? = nil) -> Reply {
      answer(text, type: "application/json", status: status, headers: headers, promising: length)
    }

    static func answer(
      _ text: String, type: String, status: Int, headers: [String] = [], promising length: Int? = nil
    ) -> Reply {
      let lines =
        ["HTTP/1.1 \(status) X", "Content-Type: \(type)", "Content-Length: \(length ?? text.utf8.count)"] + headers
      return Reply(
        pieces: [lines.joined(separator: "\r\n") + "\r\n\r\n" + text], ending: length == nil ? .keepsAlive : .closes)
    }

    /// A watch: it ends with the connection, cleanly.
    static func stream(_ pieces: [String], ending: Ending = .closes) -> Reply {
      Reply(
        pieces: ["HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"] + pieces,
        ending: ending)
    }

    /// A watch in chunks, cut off without the last one.
    static func cut(_ pieces: [String]) -> Reply {
      let chunks = pieces.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }
      return Reply(
        pieces: ["HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"] + chunks,
        ending: .closes)
    }

    static let hang = Reply(pieces: [], ending: .hangs)
    static let hangUp = Reply(pieces: [], ending: .closes)
  }

  typealias Script = @Sendable (Request, _ number: Int) -> Reply

  private struct State {
    var port = 0
    var requests: [Request] = []
    var openConnections = 0
  }

  private let script: Script
  private let state = Mutex(State())

  fileprivate init(_ script: @escaping Script) { self.script = script }

  var port: Int { state.withLock { $0.port } }
  var requests: [Request] { state.withLock { $0.requests } }
  var openConnections: Int { state.withLock { $0.openConnections } }

  fileprivate func listens(on port: Int) { state.withLock { $0.port = port } }
  fileprivate func count(_ change: Int) { state.withLock { $0.openConnections += change } }

  fileprivate func answer(_ request: Request) -> Reply {
    let number = state.withLock { state in
      state.requests.append(request)
      return state.requests.count
    }
    return script(request, number)
  }

  fileprivate final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: ScriptedServer
    private var input = ""

    init(_ server: ScriptedServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) { server.count(1) }
    func channelInactive(context: ChannelHandlerContext) { server.count(-1) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      input += String(buffer: unwrapInboundIn(data))
      guard input.first?.isUppercase ?? false else {
        // As Go's server answers what is not HTTP, a TLS greeting for one.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n")), promise: nil)
        return context.close(promise: nil)
      }
      guard let end = input.firstRange(of: "\r\n\r\n") else { return }
      let lines = input[..<end.lowerBound].split(separator: "\r\n")
      let words = (lines.first ?? "").split(separator: " ").map(String.init)
      let headers = Dictionary(
        lines.dropFirst().map { line in
          let parts = line.split(separator: ":", maxSplits: 1)
          return (parts[0].lowercased(), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }, uniquingKeysWith: { "\($0), \($1)" })
      let body = input[end.upperBound...]
      guard words.count == 3, body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0 else { return }
      input = ""
      let reply = server.answer(Request(method: words[0], target: words[1], headers: headers, body: String(body)))
      write(reply.pieces[...], reply.ending, NIOLoopBound(context, eventLoop: context.eventLoop))
    }

    private func write(
      _ pieces: ArraySlice<String>, _ ending: Reply.Ending, _ context: NIOLoopBound<ChannelHandlerContext>
    ) {
      guard let piece = pieces.first else {
        if ending == .closes { context.value.close(promise: nil) }
        return
      }
      context.value.writeAndFlush(wrapOutboundOut(ByteBuffer(string: piece)), promise: nil)
      let me = NIOLoopBound(self, eventLoop: context.value.eventLoop)
      context.value.eventLoop.scheduleTask(in: .milliseconds(pieces.count > 1 ? 5 : 0)) {
        me.value.write(pieces.dropFirst(), ending, context)
      }
    }
  }
}

/// Runs a scripted server on a loopback port while `body` runs.
func withScriptedServer<Result>(
  tls: TLSConfiguration? = nil, _ script: @escaping ScriptedServer.Script,
  _ body: (ScriptedServer) async throws -> Result
) async throws -> Result {
  let server = ScriptedServer(script)
  let context = try tls.map { try NIOSSLContext(configuration: $0) }
  let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
        try channel.pipeline.syncOperations.addHandler(ScriptedServer.Handler(server))
      }
    }
    .bind(host: "127.0.0.1", port: 0).get()
  server.listens(on: channel.localAddress?.port ?? 0)
  do {
    let result = try await body(server)
    try await channel.close()
    return result
  } catch {
    try? await channel.close()
    throw error
  }
}
