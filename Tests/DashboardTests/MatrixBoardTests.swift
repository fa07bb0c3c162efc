import Documents
import Kubernetes
import Operator
import PrepullAPI
import Testing
import Warming

@testable import Dashboard

@Suite("The board of the page", .timeLimit(.minutes(1))) struct MatrixBoardTests {
  private func cells(_ document: JSON?, _ node: String) -> String? {
    (document?["nodes"]?.array ?? []).first { $0["name"]?.string == node }?["cells"]?.string
  }

  @Test("The first update is the whole, later ones the rows that changed, and none where nothing did")
  func updates() {
    var board = Boards.small()
    guard case .whole(let document)? = board.update(now: 1) else { return #expect(Bool(false), "no whole document") }
    #expect(document["images"]?.array?.compactMap { $0["name"]?.string } == [Boards.web, Boards.database])
    #expect(cells(document, "node-1") == "wq")
    #expect(document["nodes"]?.array?.first?["zone"] == "a")
    #expect(board.update(now: 2) == nil)
    board.take(.applied(Boards.record("node-2", [(Boards.web, .warm), (Boards.database, .failed)], version: 2)))
    guard case .part(let change)? = board.update(now: 3) else { return #expect(Bool(false), "no change") }
    #expect(change["nodes"]?.array?.count == 1)
    #expect(cells(change, "node-2") == "wf")
    #expect(change["images"] == nil)
    board.take(WatchEvent<Node>.deleted(Boards.node("node-3")))
    guard case .part(let loss)? = board.update(now: 4) else { return #expect(Bool(false), "no change") }
    #expect(loss["gone"] == ["node-3"])
  }

  @Test("Nodes that a Prepull chooses are pending before anything is known of them, and others are left out")
  func choice() {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted([Boards.node("near", zone: "a"), Boards.node("far", zone: "b")]))
    board.take(.restarted([Boards.prepull("web", [Boards.web], labels: ["topology.kubernetes.io/zone": "a"])]))
    _ = board.update(now: 1)
    #expect(cells(board.document, "near") == "q")
    #expect(cells(board.document, "far") == "-")
  }

  @Test("One image that is written in two ways is one column")
  func names() {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted([Boards.node("node-1")]))
    board.take(.restarted([Boards.prepull("a", ["nginx"]), Boards.prepull("b", ["docker.io/library/nginx:latest"])]))
    _ = board.update(now: 1)
    #expect(board.document["images"]?.array?.count == 1)
    #expect(board.document["images"]?.array?.first?["plans"] == [0, 1])
  }

  @Test("A run's pods show how nodes stand, and what they showed stays when they are gone")
  func runs() {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted([Boards.node("node-1"), Boards.node("node-2")]))
    board.take(.restarted([Self.runPod(node: "node-1", imageID: nil, version: 1)]), now: 10)
    _ = board.update(now: 10)
    #expect(cells(board.document, "node-1") == "p")
    let last = Self.runPod(
      node: "node-1", imageID: "\(Boards.web)@sha256:\(String(repeating: "cd", count: 32))", version: 2)
    board.take(.deleted(last), now: 14)
    _ = board.update(now: 14)
    #expect(cells(board.document, "node-1") == "w")
    #expect(cells(board.document, "node-2") == "-")
    let story = board.runsStory("", now: 15)
    #expect(story[path: "run", "ended"]?.number == 14)
    let turn = story[path: "run", "nodes"]?.array?.first
    #expect(turn?["begin"]?.number == 10)
    #expect(turn?["done"]?.number == 14)
    #expect(turn?["outcome"] == "warm")
    #expect(board.nodeStory("node-1")?["images"]?.array?.first?["digest"]?.string?.hasPrefix("sha256:cdcd") == true)
    #expect(board.nodeStory("node-1")?["events"]?.array?.isEmpty == false)
  }

  @Test("The run beside the page comes first; what it left untried, or took away before it was warm, is not done")
  func ownRunFirst() {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted([Boards.node("node-1")]))
    board.take(RunEvent.planned(nodes: ["node-1"], images: [Boards.web]))
    func outcome() -> JSON? { board.runsStory("", now: 9)[path: "run", "nodes"]?.array?.first?["outcome"] }
    board.take(.restarted([Self.runPod(node: "node-1", imageID: nil, version: 1)]), now: 3)
    var other = Self.runPod(node: "node-1", imageID: nil, version: 2)
    (other.metadata.name, other.metadata.uid) = ("other", "other")
    other.metadata.labels = [PullerKey.prepull: "uid-web"]
    board.take(.applied(other), now: 4)
    #expect(board.runsStory("", now: 5)[path: "run", "kind"] == "run")
    #expect(board.runsStory("uid-web", now: 5)[path: "run", "name"] == "a Prepull")
    board.take(.restarted([Boards.prepull("web", [Boards.web])]))
    #expect(board.runsStory("uid-web", now: 5)[path: "run", "name"] == "web")
    board.take(.deleted(Self.runPod(node: "node-1", imageID: nil, version: 3)), now: 6)
    #expect(outcome() == "withdrawn")
    board.take(
      .applied(
        Self.runPod(node: "node-1", imageID: "\(Boards.web)@sha256:\(String(repeating: "cd", count: 32))", version: 4)),
      now: 7)
    #expect(outcome() == "warm")
    board.take(RunEvent.nodeFinished(node: "node-1", .incomplete))
    #expect(outcome() == "withdrawn")
  }

  @Test("A run that says what it will do shows the nodes whose turn is still to come, until it ends")
  func ownRun() {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted([Boards.node("node-1"), Boards.node("node-2"), Boards.node("node-3")]))
    _ = board.update(now: 1)
    board.take(RunEvent.planned(nodes: ["node-1", "node-2"], images: [Boards.web]))
    _ = board.update(now: 2)
    #expect(["node-1", "node-2", "node-3"].map { cells(board.document, $0) } == ["q", "q", "-"])
    board.take(.restarted([Self.runPod(node: "node-1", imageID: nil, version: 1)]), now: 3)
    board.take(RunEvent.imagePulled(node: "node-1", image: 0, duration: nil, bytes: 70))
    _ = board.update(now: 3)
    #expect(["node-1", "node-2"].map { cells(board.document, $0) } == ["p", "q"])
    let run = board.runsStory("", now: 3)["run"]
    #expect(run?["waiting"] == 1)
    #expect(run?["bytes"] == 70)
    board.take(RunEvent.cleaningUp)
    _ = board.update(now: 4)
    #expect(["node-1", "node-2"].map { cells(board.document, $0) } == ["p", "-"])
    #expect(board.runEnding == "The run ended: 0 of 2 nodes are warm.")
    board.take(RunEvent.nodeFinished(node: "node-1", .warm))
    board.take(RunEvent.nodeFinished(node: "node-2", .incomplete))
    #expect(board.runEnding == "The run ended: 1 of 2 nodes are warm.")
    #expect(Boards.small().runEnding == nil)
  }

  @Test("An image that only a node's record names comes with the record, and goes with the last one")
  func recordedImages() {
    var board = Boards.small(nodes: 2)
    _ = board.update(now: 1)
    func names() -> [String] { board.document["images"]?.array?.compactMap { $0["name"]?.string } ?? [] }
    let other = "registry.example/other:1"
    for node in ["node-1", "node-2"] { board.take(.applied(Boards.record(node, [(other, .warm)], version: 2))) }
    _ = board.update(now: 2)
    #expect(names() == [Boards.web, Boards.database, other])
    #expect(cells(board.document, "node-1") == "qqw")
    board.take(.applied(Boards.record("node-1", [(Boards.web, .warm)], version: 3)))
    _ = board.update(now: 3)
    #expect(names().contains(other))
    board.take(.deleted(Boards.record("node-2", [(other, .warm)], version: 3)))
    _ = board.update(now: 4)
    #expect(names() == [Boards.web, Boards.database])
  }

  @Test("A failure that no node explains is explained by its Prepull, and a later try by its moment")
  func reasons() throws {
    var board = Boards.small(nodes: 1, [.warm, .failed])
    var record = Boards.record("node-1", [(Boards.web, .failed), (Boards.database, .failed)], version: 2)
    record.status?.images?[0].failures = nil
    record.status?.images?[1].failures?[0].retryAfter = "1970-01-01T00:01:00Z"
    board.take(.applied(record))
    var prepull = Boards.prepull("web", [Boards.web, Boards.database])
    prepull.metadata.resourceVersion = "2"
    var image = Prepull.ImageStatus(image: Boards.web)
    image.message = "registry.example: no such tag"
    prepull.status = Prepull.Status()
    prepull.status?.images = [image]
    board.take(.applied(prepull))
    _ = board.update(now: 1)
    let images = try #require(board.nodeStory("node-1")?["images"]?.array)
    #expect(images.first?["message"] == "registry.example: no such tag")
    #expect(images.first?["retry"] == .null)
    #expect(images.last?["message"]?.string?.contains("no space left") == true)
    #expect(images.last?["retry"]?.number == 60)
  }

  static func runPod(node: String, imageID: String?, version: Int) -> Pod {
    var pod = Pod(
      metadata: ObjectMeta(
        name: "web-\(node)", namespace: "default",
        labels: [RunObjects.Key.run: "x7k2p", RunObjects.Key.instance: "web", RunObjects.Key.managedBy: "prepull"]),
      spec: PodSpec(containers: [Container(name: "web", image: Boards.web)]))
    pod.metadata.uid = node
    pod.metadata.resourceVersion = "\(version)"
    pod.spec.nodeName = node
    var status = PodStatus()
    status.phase = imageID == nil ? "Pending" : "Succeeded"
    let text = imageID.map { "\"imageID\":\"\($0)\"," } ?? ""
    let state = imageID == nil ? #"{"waiting":{"reason":"ContainerCreating"}}"# : #"{"terminated":{"exitCode":0}}"#
    let json = try? JSON(parsing: "[{\"name\":\"web\",\(text)\"state\":\(state)}]")
    status.containerStatuses = try? json?.decoded()
    pod.status = status
    return pod
  }

  @Test("A node's story tells failures and gates, an image's which nodes fail and which digests they hold")
  func stories() throws {
    var board = Boards.small(nodes: 3, [.warm, .failed])
    var gated = Boards.record("node-1", [(Boards.web, .pending)], version: 2)
    gated.status?.gates = [WarmNode.Gate(startupTaint: "prepull.dev/warming", since: "2026-11-01T10:00:00Z")]
    board.take(.applied(gated))
    board.take(.applied(Boards.node("node-2", taint: "dedicated")))
    _ = board.update(now: 1)
    let node = try #require(board.nodeStory("node-1"))
    #expect(node["flags"] == ["gated"])
    #expect(node["gates"]?.array?.first?["taint"] == "prepull.dev/warming")
    #expect(board.nodeStory("node-2")?["taints"]?.array?.count == 1)
    #expect(board.nodeStory("nobody") == nil)
    let image = try #require(board.imageStory(Boards.database))
    #expect(image[path: "states", "failed"] == 2)
    let failure = try #require(image["failures"]?.array?.first)
    #expect(failure["nodes"] == ["node-2", "node-3"])
    #expect(failure["message"]?.string?.contains("no space left") == true)
    #expect(board.imageStory(Boards.web)?["digests"]?.array?.first?["nodes"] == 2)
    #expect(board.imageStory(Boards.web)?[path: "pulls", "median"]?.number == 3.5)
  }

  @Test("An agent's pull shows how far it is")
  func agents() throws {
    var board = Boards.small(nodes: 1)
    var record = Boards.record("node-1", [(Boards.web, .warm), (Boards.database, .pending)], version: 2)
    var held = WarmNode.Held(image: Boards.database, state: .pulling)
    held.progress = WarmNode.Progress(completedBytes: 250)
    held.progress?.totalBytes = 1000
    var agent = WarmNode.Agent()
    agent.images = [held]
    record.status?.agent = agent
    board.take(.applied(record))
    _ = board.update(now: 1)
    let row = try #require(board.document["nodes"]?.array?.first)
    #expect(row["cells"] == "wp")
    #expect(row[path: "progress", "1"]?.number == 0.25)
  }

  @Test("The estimate is that of the model: more nodes at a time are quicker until a link is full")
  func estimates() throws {
    var board = Boards.small(nodes: 10, [.pending, .pending])
    var prepull = Boards.prepull("web", [Boards.web, Boards.database])
    prepull.metadata.resourceVersion = "2"
    var image = Prepull.ImageStatus(image: Boards.web)
    image.sizeBytes = 1_000_000_000
    var status = Prepull.Status()
    status.images = [image]
    prepull.status = status
    board.take(.applied(prepull))
    _ = board.update(now: 1)
    var question = EstimateQuestion()
    question.parallelism = 1
    let slow = board.estimate(question)
    question.parallelism = 10
    let quick = board.estimate(question)
    #expect(slow["nodes"] == 10)
    #expect(slow["bytes"] == 10_000_000_000)
    #expect(slow["unknown"] == 1)
    #expect(slow["bound"] == "waves")
    #expect(quick["bound"] == "nodeLink")
    #expect((slow["seconds"]?.number ?? 0) > 9 * (quick["seconds"]?.number ?? .infinity))
    #expect(quick["registryBytes"] == 10_000_000_000)
    #expect(quick["bestSeeds"] == .null)
    question.source = .p2p
    question.seeds = 1
    let grown = board.estimate(question)
    #expect(grown["registryBytes"] == 1_000_000_000)
    #expect(grown[path: "bestSeeds", "seeds"]?.number ?? 0 >= 1)
  }

  @Test("What may not be seen is said, and no longer when it may")
  func notes() {
    var board = Boards.small()
    _ = board.update(now: 1)
    board.note("Nodes are not shown: forbidden", about: "nodes")
    guard case .part(let change)? = board.update(now: 2) else { return #expect(Bool(false), "no change") }
    #expect(change["notes"] == ["Nodes are not shown: forbidden"])
    board.note(nil, about: "nodes")
    guard case .part(let end)? = board.update(now: 3) else { return #expect(Bool(false), "no change") }
    #expect(end["notes"] == [])
  }
}
