import Documents
import HTTPTypes
import Hummingbird
import Kubernetes
import NIOCore
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The page inside a cluster: who shows a token sees what its user may list, and nothing can be changed.
struct ClusterPage: Sendable {
  /// What everybody gets: the page that takes a token.
  private static let open: Set = ["/login", "/login.js", "/access.css", "/page.css", "/icon.svg", "/favicon.ico"]

  let feed: ClusterFeed
  let desk: ScopeDesk
  let sessions: SessionBook
  let logIn: LogIn
  let metrics: PageMetrics

  func answer(_ request: Request) async -> Response {
    if let refusal = OriginRule.refusal(of: request) { return refusal }
    let path = request.uri.path
    if request.method == .post {
      switch path {
      case "/login": return await begin(request)
      case "/logout": return end(request)
      default: return PageAnswer.text(405, "this page only shows: use GET\n")
      }
    }
    if Self.open.contains(path) { return PageRoutes.file(path == "/login" ? "/login.html" : path) }
    guard let id = OriginRule.session(in: request), let session = sessions.session(id) else {
      // The fragment, which holds the view, stays with the browser.
      if path == "/" { return PageAnswer.make(303, body: .init(), more: [.location: "/login"]) }
      return PageAnswer.text(401, "log in first: this needs a session, and yours has ended or never began\n")
    }
    return await answer(request, id, session)
  }

  private func answer(_ request: Request, _ id: String, _ session: SessionBook.Session) async -> Response {
    let path = request.uri.path
    let scope: ViewScope
    do {
      scope = try await desk.scope(of: session.user)
    } catch {
      return Self.unreviewed(error)
    }
    if path == "/api/session" { return PageAnswer.json(Self.description(of: session, scope)) }
    guard scope.nodes else {
      if path == "/" { return PageRoutes.file("/denied.html") }
      if path.hasPrefix("/api/") {
        return PageAnswer.text(403, "you may not list nodes, and every row of this page is one\n")
      }
      return PageRoutes.file(path)
    }
    guard path.hasPrefix("/api/") else { return PageRoutes.file(path) }
    guard let live = await feed.matrix(for: scope) else {
      return PageAnswer.text(503, "too many people with different rights look already: try again in two minutes\n")
    }
    metrics.scopes.set(Double(await feed.count))
    var routes = PageRoutes(live: live, cost: nil)
    if path == "/api/cost" {
      do {
        routes = PageRoutes(
          live: live, cost: await feed.costs(for: scope, in: try await desk.costReach(of: session.user)))
      } catch {
        return Self.unreviewed(error)
      }
    }
    guard path == "/api/events" else { return await routes.answer(request) }
    guard request.method == .get else { return PageAnswer.text(405, "events are read by GET\n") }
    // A right that goes, or comes, ends the stream; the page comes again and gets what is left.
    routes.mayGoOn = { [sessions, desk] in
      guard sessions.session(id) != nil else { return false }
      return (try? await desk.scope(of: session.user)) == scope
    }
    routes.begin = { [sessions] in sessions.beginStream(session) }
    routes.end = { [sessions] in sessions.endStream(session) }
    return await routes.answer(request)
  }

  /// Who it is, and what the page cannot show them.
  private static func description(of session: SessionBook.Session, _ scope: ViewScope) -> JSON {
    [
      "user": .string(session.name), "ends": .number(session.ends.timeIntervalSince1970),
      "mayListNodes": .bool(scope.nodes), "role": .string(ViewScope.role),
    ]
  }

  private static func unreviewed(_ error: any Error) -> Response {
    let code = (error as? APIError)?.code.rawValue ?? "timedOut"
    return PageAnswer.text(503, "what you may see cannot be asked of the API server now (\(code)): try again\n")
  }

  // MARK: In and out

  private func begin(_ request: Request) async -> Response {
    do {
      let (user, life) = try await logIn.user(request)
      guard let (id, session) = sessions.begin(user, for: life ?? SessionBook.longest) else {
        return PageAnswer.text(503, "too many people are logged in: try again later\n")
      }
      let seconds = Int(session.ends.timeIntervalSince(Date()).rounded(.up))
      return PageAnswer.make(
        200, type: "application/json", body: .init(byteBuffer: ByteBuffer(string: JSON.object([:]).text)),
        more: [.setCookie: OriginRule.cookie(id, seconds: max(0, seconds), for: request)])
    } catch let refusal as LogIn.Refusal {
      var response = PageAnswer.text(refusal.status, refusal.text + "\n")
      if let seconds = refusal.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
      return response
    } catch {
      return PageAnswer.text(500, "logging in failed\n")
    }
  }

  private func end(_ request: Request) -> Response {
    if let id = OriginRule.session(in: request) { sessions.end(id) }
    return PageAnswer.make(204, body: .init(), more: [.setCookie: OriginRule.cookie("", seconds: 0, for: request)])
  }
}
