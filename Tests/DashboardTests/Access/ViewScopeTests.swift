import Documents
import Foundation
import Kubernetes
import PrepullAPI
import Serving
import TestKit
import Testing
import Warming

@testable import Dashboard

@Suite("What somebody may see", .timeLimit(.minutes(1))) struct ViewScopeTests {
  private func metadata(_ namespace: String) -> ObjectMeta { ObjectMeta(name: "x", namespace: namespace) }

  private func scope(_ namespaces: Set<String>) -> ViewScope {
    var scope = ViewScope()
    (scope.nodes, scope.warmNodes) = (true, true)
    scope.prepulls = .namespaces(namespaces)
    scope.daemonSets = .namespaces(namespaces)
    scope.pods = .namespaces(namespaces)
    scope.events = .namespaces(namespaces)
    return scope
  }

  @Test("Objects of other namespaces are not admitted, and without nodes nothing is")
  func objects() {
    let scope = scope(["a"])
    let prepull = { Prepull(metadata: metadata($0), spec: Prepull.Spec()) }
    #expect(scope.admitted(prepull("a")) != nil && scope.admitted(prepull("b")) == nil)
    let pod = { Pod(metadata: metadata($0), spec: PodSpec(containers: [])) }
    #expect(scope.admitted(pod("a")) != nil && scope.admitted(pod("b")) == nil)
    #expect(scope.admitted(Boards.node("n")) != nil)
    var blind = scope
    blind.nodes = false
    #expect(blind.admitted(prepull("a")) == nil && blind.admitted(pod("a")) == nil)
    #expect(blind.admitted(Boards.node("n")) == nil && blind.admitted(Boards.record("n", [])) == nil)
    var unrecorded = scope
    unrecorded.warmNodes = false
    #expect(unrecorded.admitted(Boards.record("n", [])) == nil)
  }

  @Test("Of a WarmNode only what seen Prepulls want is left, and no sum over all")
  func records() throws {
    var record = Boards.record("n", [("one", .warm), ("two", .failed), ("three", .failed)])
    record.status?.images?[0].wantedBy = ["a/x", "b/y"]
    record.status?.images?[1].wantedBy = ["b/y"]
    record.status?.images?[2].wantedBy = ["a/x"]
    record.status?.images?[2].failures = [
      WarmNode.Failure(prepull: "b/y", reason: "Denied", message: "of b", tries: 1),
      WarmNode.Failure(prepull: "a/x", reason: "Denied", message: "of a", tries: 1),
    ]
    record.status?.desired = 3
    var agent = WarmNode.Agent()
    agent.images = [WarmNode.Held(image: "one", state: .warm), WarmNode.Held(image: "two", state: .warm)]
    agent.pins = 2
    record.status?.agent = agent
    record.spec = WarmNode.Spec()
    record.spec?.images = [WarmNode.Wish(image: "two", prepulls: ["b/y"])]
    let seen = try #require(scope(["a"]).admitted(record))
    #expect(seen.status?.images?.map(\.image) == ["one", "three"])
    #expect(seen.status?.images?.map(\.wantedBy) == [["a/x"], ["a/x"]])
    #expect(seen.status?.images?[1].failures?.map(\.message) == ["of a"])
    #expect(seen.status?.agent?.images?.map(\.image) == ["one"])
    #expect(seen.status?.desired == nil && seen.status?.agent?.pins == nil && seen.spec == nil)
    var all = scope([])
    all.prepulls = .all
    #expect(all.admitted(record) == record)
    // `a` is no beginning of `ab`.
    #expect(try #require(scope(["ab"]).admitted(record)).status?.images == [])
  }

  @Test("Orders to agents are seen by who may list WarmNodes and the Prepull that gave them, and by nobody else")
  func orders() async throws {
    func record(_ version: Int, _ state: WarmNode.HeldState?) -> WarmNode {
      var record = Boards.agentRecord("n", [("web:1", state)], given: 5, version: version)
      let order = WarmNode.Order(of: .init(namespace: "bank", name: "vault", uid: "uid-vault"), at: .seconds(5))
      // Both want it, and bank asked for it last.
      var other = WarmNode.Wish(image: "vault:1", prepulls: ["bank/vault", "shop/web"])
      other.order = order.description
      record.spec?.images?.append(other)
      var held = WarmNode.Held(image: "vault:1", state: .warm)
      held.order = order.description
      record.status?.agent?.images?.append(held)
      return record
    }
    var (blind, all, unrecorded) = (scope(["shop"]), scope([]), scope(["shop"]))
    (blind.nodes, unrecorded.warmNodes, all.prepulls) = (false, false, .all)
    let seen = try #require(scope(["shop"]).admitted(record(1, nil)))
    #expect(seen.spec?.images?.map(\.prepulls) == [["shop/web"], ["shop/web"]])
    #expect(seen.spec?.images?.map { $0.order == nil } == [false, true])
    #expect(seen.status?.agent?.images?.allSatisfy { $0.order?.hasPrefix("shop/") ?? true } == true)
    #expect(all.admitted(record(1, nil)) == record(1, nil))
    let feed = ClusterFeed(context: "lab", health: ProcessHealth()) { _ in fatalError("not asked") }
    for kind in MatrixWatch.kinds { await feed.isReady(kind) }
    await feed.take(.node(.restarted([Boards.node("n")])))
    let scopes: [(ViewScope, [String])] = [
      (scope(["shop"]), ["web"]), (all, ["vault", "web"]), (scope(["bank"]), ["vault"]), (blind, []), (unrecorded, []),
    ]
    for (scope, _) in scopes { _ = await feed.matrix(for: scope) }
    await feed.take(.warmNode(.applied(Boards.record("n", [])), now: 9))
    await feed.take(.warmNode(.applied(record(2, nil)), now: 10))
    await feed.take(.warmNode(.applied(record(3, .warm)), now: 11))
    for (scope, names) in scopes {
      let story = await feed.matrix(for: scope)?.board.runsStory("", now: 12)
      #expect(story?["runs"]?.array?.compactMap { $0["name"]?.string }.sorted() == names)
    }
  }

  @Test("Views of equal rights are one, a change reaches each narrowed, and too many views are refused")
  func feed() async throws {
    let feed = ClusterFeed(context: "lab", health: ProcessHealth()) { _ in fatalError("not asked") }
    for kind in MatrixWatch.kinds { await feed.isReady(kind) }
    await feed.take(.node(.restarted([Boards.node("n")])))
    await feed.take(.prepull(.restarted([Boards.prepull("web", ["web:1"])])))
    let (shop, bank) = (
      try #require(await feed.matrix(for: scope(["shop"]))), try #require(await feed.matrix(for: scope(["bank"])))
    )
    #expect(await feed.matrix(for: scope(["shop"])) === shop)
    #expect(await shop.board.document["images"]?.array?.count == 1)
    #expect(await bank.board.document["images"]?.array?.count == 0)
    var other = Boards.prepull("vault", ["vault:1"])
    other.metadata.namespace = "bank"
    await feed.take(.prepull(.applied(other)))
    await feed.tick()
    #expect(await shop.board.document["images"]?.array?.compactMap { $0["name"]?.string } == ["web:1"])
    #expect(await bank.board.document["images"]?.array?.compactMap { $0["name"]?.string } == ["vault:1"])
    #expect(await feed.namespaces == ["shop", "bank"])
    // Those that nobody looks at give way; those that are looked at stay.
    var streams: [AsyncStream<String>?] = []
    for number in 0..<ClusterFeed.mostBoards {
      streams.append(await feed.matrix(for: scope(["ns-\(number)"]))?.follow())
    }
    #expect(streams.allSatisfy { $0 != nil })
    #expect(await feed.matrix(for: scope(["one too many"])) == nil)
    streams = []
  }

  @Test("A session ends with its token, after an hour at the latest, and its number is bounded")
  func sessions() throws {
    let book = SessionBook(metrics: PageMetrics())
    let user = TokenReview.User(username: "ada")
    let (id, session) = try #require(book.begin(user, for: .seconds(9999), now: Date(timeIntervalSince1970: 0)))
    #expect(session.ends.timeIntervalSince1970 == 3600)
    #expect(book.session(id)?.name == "ada" && book.session(id + "0") == nil)
    #expect(book.session(try #require(book.begin(user, for: .zero)).id) == nil)
    // The oldest of one user gives way to the newest.
    for _ in 0..<SessionBook.mostOfUser { _ = book.begin(user, for: .seconds(60)) }
    #expect(book.session(id) == nil)
    var count = 0
    while book.begin(TokenReview.User(username: "user-\(count)"), for: .seconds(60)) != nil { count += 1 }
    #expect(count == SessionBook.mostSessions - SessionBook.mostOfUser)
    for _ in 0..<SessionBook.mostStreamsOfSession { #expect(book.beginStream(session)) }
    #expect(!book.beginStream(session))
    book.endStream(session)
    #expect(book.beginStream(session))
  }

  @Test("How long a token lives is read from it, and of another kind nothing is known")
  func life() {
    func token(_ claims: String) -> String {
      let text = Data(claims.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      return "h.\(text.replacing("=", with: "")).s"
    }
    let now = Date(timeIntervalSince1970: 1000)
    #expect(LogIn.life(of: token(#"{"exp": 1060, "sub": "ä?~"}"#), now: now) == .seconds(60))
    #expect(LogIn.life(of: token(#"{"exp": 900}"#), now: now) == .zero)
    for other in [token("{}"), token("no"), "opaque", "a.b", "a.!.c", "..", ""] {
      #expect(LogIn.life(of: other, now: now) == nil, "\(other)")
    }
  }
}
