import Documents
import HTTPTypes
import Hummingbird
import Kubernetes
import NIOCore

/// What a page asks of the matrix that it shows: everything comes from that one matrix and its cost.
struct PageRoutes: Sendable {
  let live: LiveMatrix
  /// Nil where there is no cluster to ask.
  let cost: CostReading?
  /// Asked when a page is first told; false where there are too many.
  var begin: @Sendable () -> Bool = { true }
  /// Asked before each event is sent; the stream ends where it may not be.
  var mayGoOn: @Sendable () async -> Bool = { true }
  /// Called at the end of each that began.
  var end: @Sendable () -> Void = {}

  func answer(_ request: Request) async -> Response {
    let parameters = request.uri.queryParameters
    func parameter(_ name: String) -> String? { parameters[Substring(name)].map(String.init) }
    switch request.uri.path {
    case "/api/events": return await events()
    case "/api/session": return PageAnswer.json([:])
    case "/api/node":
      let story = await live.board.nodeStory(parameter("name") ?? "", isBrief: parameter("brief") != nil)
      return story.map(PageAnswer.json) ?? PageAnswer.text(404, "this node is not there, or not any more\n")
    case "/api/image":
      let story = await live.board.imageStory(parameter("name") ?? "")
      return story.map(PageAnswer.json) ?? PageAnswer.text(404, "nobody wants this image, or not any more\n")
    case "/api/runs": return PageAnswer.json(await live.board.runsStory(parameter("id") ?? "", now: LiveMatrix.now))
    case "/api/estimate":
      guard let question = EstimateQuestion(parameter) else {
        return PageAnswer.text(400, "the widths and the parallelism are numbers above 0\n")
      }
      return PageAnswer.json(await live.board.estimate(question))
    case "/api/cost": return await costs()
    case let path: return Self.file(path)
    }
  }

  /// A file of the page.
  static func file(_ path: String) -> Response {
    // Browsers ask for the latter where a page names no icon, as texts and the way in do not.
    let name = ["/": "index.html", "/favicon.ico": "icon.svg"][path] ?? String(path.dropFirst())
    guard let text = PageFiles.all[name] else { return PageAnswer.text(404, "not found\n") }
    let types = ["html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"]
    let type = types[name.split(separator: ".").last.map(String.init) ?? ""] ?? "text/plain"
    return PageAnswer.text(200, text, type: "\(type); charset=utf-8")
  }

  private func events() async -> Response {
    guard let stream = await live.follow() else {
      return PageAnswer.text(503, "as many pages look already as may: close one\n")
    }
    return PageAnswer.make(
      200, type: "text/event-stream",
      body: .init { [begin, mayGoOn, end] writer in
        guard begin() else { return try await writer.finish(nil) }
        defer { end() }
        for await text in stream {
          guard await mayGoOn() else { break }
          try await writer.write(ByteBuffer(string: text))
        }
        try await writer.finish(nil)
      })
  }

  private func costs() async -> Response {
    guard let cost else { return PageAnswer.text(404, "there is no cluster to ask\n") }
    do {
      return PageAnswer.json(try await cost.read(await live.board.columns))
    } catch let error as APIError {
      return PageAnswer.text(502, "\(error)\n")
    } catch {
      return PageAnswer.text(500, "the cost cannot be read: \(type(of: error))\n")
    }
  }
}
