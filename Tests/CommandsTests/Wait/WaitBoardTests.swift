import Documents
import ImageModel
import Kubernetes
import PrepullAPI
import Testing
import Workloads

@testable import Commands
@testable import Warming

@Suite("What a wait concludes from nodes, WarmNodes and kept images", .timeLimit(.minutes(1)))
struct WaitBoardTests {
  private static let web = "shop/web:2.0"

  private static func subject(_ images: [String] = [web], pool: String? = nil) throws -> WaitSubject {
    var spec: JSON = [
      "containers": .array(images.enumerated().map { ["name": .string("c\($0)"), "image": .string($1)] })
    ]
    if let pool { spec["nodeSelector"] = ["pool": .string(pool)] }
    let deployment: JSON = [
      "kind": "Deployment", "metadata": ["name": "web"], "spec": ["template": ["spec": spec]],
    ]
    return try WaitSubject(
      WorkloadSet(try WorkloadTemplate.all(in: deployment)), name: "deployment/web", narrowing: NodeChoice())
  }

  private static func board(
    _ subjects: [WaitSubject], nodes: [NodeFacts], prepulls: [Prepull] = []
  ) -> WaitBoard {
    var board = WaitBoard(
      workloads: subjects, prepulls: prepulls.compactMap(\.metadata.name), choice: NodeChoice())
    board.nodes = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0) })
    for prepull in prepulls { board.knownPrepulls[prepull.metadata.name ?? ""] = prepull }
    board.isRecordKnown = true
    board.isKeptKnown = true
    return board
  }

  private static func verdict(_ board: WaitBoard) throws -> WaitVerdict {
    var board = board
    let verdict = board.verdict()
    return try #require(verdict)
  }

  private static func nodes(_ count: Int) -> [NodeFacts] {
    (1...count).map { NodeFacts(name: "node-\($0)", uid: "uid-\($0)") }
  }

  private static func record(
    _ node: Int, _ images: [(String, WarmNode.ImageState)], agent: [(String, WarmNode.HeldState)] = [],
    uid: String? = nil, failure: String? = nil
  ) -> WarmNode {
    var record = WarmNode(metadata: ObjectMeta(name: "node-\(node)"))
    var status = WarmNode.Status()
    status.nodeUID = uid ?? "uid-\(node)"
    status.images = images.map { text, state in
      var image = WarmNode.Image(image: text, state: state)
      image.failures = failure.map {
        [WarmNode.Failure(prepull: "default/p", reason: "NotFound", message: $0, tries: 1)]
      }
      return image
    }
    if !agent.isEmpty {
      var said = WarmNode.Agent()
      said.images = agent.map { WarmNode.Held(image: $0, state: $1) }
      status.agent = said
    }
    record.status = status
    return record
  }

  @Test("It is warm when every node that is ready holds the image, however it is written")
  func warm() throws {
    var nodes = Self.nodes(4)
    nodes[2].isReady = false
    nodes[3].isSchedulable = false
    var board = Self.board([try Self.subject()], nodes: nodes)
    board.book.put(Self.record(1, [("docker.io/shop/web:2.0", .warm)]))
    let half = try Self.verdict(board)
    #expect(!half.isWarm && (half.warm, half.wanted) == (1, 2))
    #expect(half.shortfall == "shop/web:2.0 on node-2: nothing that warms nodes wants it there")
    board.book.put(Self.record(2, [(Self.web, .warm)]))
    let all = try Self.verdict(board)
    #expect(all.isWarm && all.success(of: board.name) == "2 nodes hold shop/web:2.0 of deployment/web")
  }

  @Test("Failures are told with their reason, and nodes with the same one together")
  func reasons() throws {
    var board = Self.board([try Self.subject()], nodes: Self.nodes(7))
    for node in 1...6 { board.book.put(Self.record(node, [(Self.web, .failed)], failure: "there is no such tag.")) }
    board.book.put(Self.record(7, [(Self.web, .pending)]))
    let verdict = try Self.verdict(board)
    #expect(
      verdict.shortfall
        == "shop/web:2.0 on node-1, node-2, node-3 and 3 more: there is no such tag; "
        + "shop/web:2.0 on node-7: it waits to be pulled")
    let json = verdict.json(of: board.name)
    #expect(json["ok"] == false && json[path: "nodes", "wanted"] == 7 && json["lacking"]?.array?.count == 7)
  }

  @Test("An older image of the tag is not the image, nor what a machine of the same name held")
  func notTheImage() throws {
    var board = Self.board([try Self.subject()], nodes: Self.nodes(2))
    board.book.put(Self.record(1, [(Self.web, .stale)], agent: [(Self.web, .warm)]))
    board.book.put(Self.record(2, [(Self.web, .warm)], uid: "another"))
    let verdict = try Self.verdict(board)
    #expect(verdict.warm == 0 && verdict.lacks.first?.reason == "the node holds an older image of this tag")
  }

  @Test("An agent knows at once what its node lost, and what it got")
  func agents() throws {
    var board = Self.board([try Self.subject()], nodes: Self.nodes(2))
    board.book.put(Self.record(1, [(Self.web, .pending)], agent: [(Self.web, .warm)]))
    board.book.put(Self.record(2, [(Self.web, .warm)], agent: [(Self.web, .lost)]))
    let verdict = try Self.verdict(board)
    #expect(verdict.lacks.map(\.node) == ["node-2"] && verdict.lacks.map(\.reason) == ["lost"])
  }

  @Test("Nodes that an image has nothing for do not count, unless there are no others")
  func unsupported() throws {
    var board = Self.board([try Self.subject()], nodes: Self.nodes(2))
    board.book.put(Self.record(1, [(Self.web, .warm)]))
    board.book.put(Self.record(2, [(Self.web, .unsupported)]))
    let verdict = try Self.verdict(board)
    #expect(verdict.isWarm && (verdict.wanted, verdict.unsupported) == (1, 1))
    board.book.put(Self.record(1, [(Self.web, .unsupported)]))
    let none = try Self.verdict(board)
    #expect(!none.isWarm && none.shortfall == "shop/web:2.0: it has nothing for any node where it would run")
  }

  @Test("Where pods would run nowhere, it is not warm")
  func nowhere() throws {
    let board = Self.board([try Self.subject(pool: "gpu")], nodes: Self.nodes(2))
    let verdict = try Self.verdict(board)
    #expect(!verdict.isWarm)
    #expect(
      verdict.shortfall
        == "no node is ready where pods of deployment/web would run (2 nodes: 2 not matched by the node affinity)")
    #expect(verdict.progress(of: board.name) == verdict.shortfall)
  }

  @Test("Nothing is concluded before nodes and records are known")
  func patience() throws {
    var board = Self.board([try Self.subject()], nodes: [])
    let known = board.verdict()
    board.isRecordKnown = false
    let unknown = board.verdict()
    #expect(known != nil && unknown == nil)
  }

  @Test("Without the operator and without DaemonSets that keep the image, waiting is of no use")
  func noSource() throws {
    var board = Self.board([try Self.subject()], nodes: Self.nodes(1))
    board.book.hasWarmNodes = false
    #expect(try Self.verdict(board).end?.hasPrefix("nothing here can tell which nodes hold shop/web:2.0") == true)
    var coverage = Coverage(images: ["docker.io/shop/web:2.0"], nodes: ["node-1"])
    let item = { (coverage: Coverage) in
      ClusterStatus.Item(
        kind: .kept, namespace: "default", name: "k", run: nil, created: nil, coverage: coverage, skipped: [],
        isCurrent: true)
    }
    board.book.put(kept: [item(coverage)])
    let waits = try Self.verdict(board)
    #expect(waits.end == nil && waits.shortfall == "shop/web:2.0 on node-1: it waits to be pulled")
    coverage[image: 0, node: 0] = .warm(nil)
    board.book.put(kept: [item(coverage)])
    #expect(try Self.verdict(board).isWarm)
  }

  private static func prepull(_ generation: Int, observed: Int64?, complete: Bool? = nil) -> Prepull {
    var spec = Prepull.Spec()
    spec.images = [Prepull.Image(image: web)]
    if complete != nil { spec.mode = "Once" }
    var metadata = ObjectMeta(name: "shop")
    metadata.generation = generation
    var prepull = Prepull(metadata: metadata, spec: spec)
    guard let observed else { return prepull }
    var status = Prepull.Status()
    status.observedGeneration = observed
    status.images = [Prepull.ImageStatus(image: web)]
    if let complete {
      var conditions: [APICondition] = []
      conditions.set("Ready", .no, reason: "NodesFailed", message: "", observedGeneration: observed, at: "")
      conditions.set(
        "Complete", .init(complete), reason: "WithFailures", message: "0 nodes became warm, 1 failed",
        observedGeneration: observed, at: "")
      status.conditions = conditions
    }
    prepull.status = status
    return prepull
  }

  @Test("Of a Prepull, the version counts that was applied last")
  func generations() throws {
    for (observed, isWarm) in [(nil, false), (1, false), (2, true)] as [(Int64?, Bool)] {
      var board = Self.board([], nodes: Self.nodes(1), prepulls: [Self.prepull(2, observed: observed)])
      board.book.put(Self.record(1, [(Self.web, .warm)]))
      let verdict = try Self.verdict(board)
      #expect(verdict.isWarm == isWarm, "\(verdict)")
      if !isWarm { #expect(verdict.shortfall == "the operator has not taken in prepull/shop yet") }
    }
  }

  /// Ready, as the operator says it where an image has nothing for some nodes.
  private static func ready(unsupported: Int) -> Prepull {
    var prepull = prepull(1, observed: 1)
    var counts = Prepull.NodeCounts()
    (counts.desired, counts.warm, counts.unsupported) = (1, 1, unsupported)
    prepull.status?.nodes = counts
    var conditions: [APICondition] = []
    conditions.set("Ready", .yes, reason: "AllNodesWarm", message: "", observedGeneration: 1, at: "")
    prepull.status?.conditions = conditions
    return prepull
  }

  @Test("Nodes that no image has anything for have no WarmNode, and are not waited for")
  func foreignNodes() throws {
    for (count, isWarm) in [(2, true), (1, false)] {
      let prepull = Self.ready(unsupported: count)
      var board = Self.board([try Self.subject()], nodes: Self.nodes(3), prepulls: [prepull])
      board.allPrepulls = [prepull]
      board.book.put(Self.record(1, [(Self.web, .warm)]))
      // Of two nodes without a record where one is unsupported, the other is new.
      let verdict = try Self.verdict(board)
      #expect(verdict.isWarm == isWarm, "\(verdict)")
      if isWarm { #expect(verdict.wanted == 1 && verdict.unsupported == 2) }
    }
  }

  @Test("While a source has not said what is wanted, a Prepull is waited for, whatever else it wants")
  func sourcesPending() throws {
    var prepull = Self.prepull(1, observed: 1)
    var conditions: [APICondition] = []
    conditions.set(
      "Ready", .no, reason: "SourcesPending", message: "prometheus has not said yet which images are wanted",
      observedGeneration: 1, at: "")
    prepull.status?.conditions = conditions
    var board = Self.board([], nodes: Self.nodes(1), prepulls: [prepull])
    board.book.put(Self.record(1, [(Self.web, .warm)]))
    let verdict = try Self.verdict(board)
    #expect(!verdict.isWarm)
    #expect(verdict.shortfall.contains("prometheus has not said yet which images are wanted"))
  }

  /// What a Prepull of the image says of it, and of whether it goes on.
  private static func prepull(_ name: String, _ message: String? = nil, progressing: (String, String)) -> Prepull {
    var prepull = prepull(1, observed: 1)
    prepull.metadata.name = name
    prepull.status?.images?[0].message = message
    var conditions: [APICondition] = []
    conditions.set(
      "Progressing", .init(progressing.0 == "Pulling"), reason: progressing.0, message: progressing.1,
      observedGeneration: 1, at: "")
    prepull.status?.conditions = conditions
    return prepull
  }

  @Test("Nodes that did not try an image are not said to have failed, but why nobody tries it")
  func untried() throws {
    let prepull = Self.prepull("shop", "there is no such tag", progressing: ("Pulling", "nodes pulling: 0"))
    var board = Self.board([try Self.subject()], nodes: Self.nodes(3))
    board.allPrepulls = [prepull]
    board.book.put(Self.record(1, [(Self.web, .failed)], failure: "there is no such tag."))
    for node in 2...3 { board.book.put(Self.record(node, [(Self.web, .failed)])) }
    #expect(
      try Self.verdict(board).shortfall
        == "shop/web:2.0 on node-1: there is no such tag; "
        + "shop/web:2.0 on node-2, node-3: not tried there, as no node gets it: there is no such tag")
    board.allPrepulls = []
    #expect(try Self.verdict(board).shortfall.hasSuffix("node-3: not tried there, as no node gets it"))
    // Without a record it is not known whether it will be tried; that it failed elsewhere is.
    var failing = prepull
    failing.status?.images?[0].failed = 1
    board.allPrepulls = [failing]
    board.book.remove(node: "node-3")
    #expect(
      try Self.verdict(board).shortfall.hasSuffix(
        "node-3: it waits to be pulled; elsewhere it failed: there is no such tag"))
  }

  @Test("While the windows of a Prepull are closed, it is said when the next one opens, and what else stands still")
  func standstill() throws {
    let closed = Self.prepull(
      "shop", progressing: ("WindowClosed", "waits until 2026-12-01 01:00 UTC: 1 node will be begun"))
    var board = Self.board([], nodes: Self.nodes(1), prepulls: [closed])
    board.book.put(Self.record(1, [(Self.web, .pending)]))
    let words = "prepull/shop waits until 2026-12-01 01:00 UTC: 1 node will be begun"
    let verdict = try Self.verdict(board)
    #expect(verdict.shortfall == "shop/web:2.0 on node-1: \(words)")
    #expect(verdict.progress(of: board.name) == "0 of 1 node holds shop/web:2.0 of prepull/shop; \(words)")
    #expect(verdict.json(of: board.name)["standstill"] == .string(words))

    // A node of which nothing is known yet has no record.
    board.book.remove(node: "node-1")
    #expect(try Self.verdict(board).shortfall == "shop/web:2.0 on node-1: \(words)")

    let suspended = Self.prepull("shop", progressing: ("Suspended", "spec.suspend is true"))
    board.knownPrepulls = ["shop": suspended]
    #expect(try Self.verdict(board).shortfall.hasSuffix(": prepull/shop stands still: spec.suspend is true"))
    // Another one that wants it there goes on.
    board.allPrepulls = [closed, Self.prepull("other", progressing: ("Pulling", "nodes pulling: 1"))]
    board.knownPrepulls = ["shop": closed]
    let goesOn = try Self.verdict(board)
    #expect(goesOn.shortfall.hasSuffix("node-1: it waits to be pulled") && goesOn.standstill == nil)
  }

  @Test("A Prepull that is over and failed, or is gone, is not waited for any longer")
  func over() throws {
    var board = Self.board([], nodes: Self.nodes(1), prepulls: [Self.prepull(1, observed: 1, complete: true)])
    #expect(
      try Self.verdict(board).end
        == "prepull/shop is over, and not all nodes are warm: 0 nodes became warm, 1 failed")
    board.knownPrepulls = [:]
    #expect(try Self.verdict(board).end == "there is no Prepull 'shop'")
    let going = Self.board([], nodes: Self.nodes(1), prepulls: [Self.prepull(1, observed: 1, complete: false)])
    #expect(try Self.verdict(going).end == nil)
  }

  @Test("Names are kinds with names")
  func targets() throws {
    #expect(try WaitTarget(parsing: "pp/shop") == .prepull("shop"))
    #expect(try WaitTarget(parsing: "deploy/web").description == "deployment/web")
    for wrong in ["web", "prepull/", "prepull/A_b", "service/web", "deployment/web/x"] {
      #expect(throws: (any Error).self, "\(wrong)") { _ = try WaitTarget(parsing: wrong) }
    }
  }
}
