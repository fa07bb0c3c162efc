import ImageModel
import Kubernetes
import Testing

@testable import Warming

@Suite("Content of a record", .timeLimit(.minutes(1)))
struct RecordContentTests {
  private var table = ImageTable()
  private var plans = PrepullTable()
  private var node = FleetMachine.NodeState(name: "n1")
  private let digest = FleetWorld.digest(1)

  /// A node that holds the first of two images that a Prepull wants there.
  init() {
    let id = PrepullID(namespace: "ns", name: "web", uid: "")
    let plan = FleetPlan(generation: 1, images: [], createdAt: .zero)
    var state = FleetMachine.PlanState(
      id: id, owner: table.owner(id.key), plan: plan, access: table.access(.anonymous))
    state.images = [table.image("r/a"), table.image("r/b")]
    let index = plans.add(state)
    node.uid = "u1"
    node.facts = NodeFacts(name: "n1", uid: "u1")
    node.statuses = [FleetMachine.Status(plan: index, isUnsupported: false)]
    node.statuses[0].cells = [FleetMachine.Cell(state: .warm), FleetMachine.Cell(state: .failed)]
    let key = HeldImages.Key(image: state.images[0], access: state.access)
    node.held.set(HeldImages.Entry(key: key, digest: table.digest(digest), pullSeconds: 2, since: 5000))
    node.checks.recordRead(verifiedAt: .seconds(5))
    node.failures[FleetMachine.FailureKey(owner: state.owner, image: state.images[1])] = Backoff(
      reason: ImageFailure(failure: FleetWorld.failure("notFound"), nature: .final), tries: 2, retryAt: .seconds(60))
  }

  private var content: RecordContent { RecordContent(node: node, plans: plans, table: table) }

  @Test("It says what is held and what failed, for whom")
  func record() throws {
    let record = content.record
    #expect(record.node == "n1" && record.uid == "u1" && record.verifiedAt == .seconds(5))
    #expect(record.images.map(\.reference) == ["r/a", "r/b"] && record.images.map(\.state) == [.warm, .failed])
    #expect(record.images.allSatisfy { $0.wantedBy == ["ns/web"] })
    let held = try #require(record.images[0].held)
    #expect(held.digest == digest && held.since == .seconds(5) && held.pullSeconds == 2 && held.bytes == nil)
    #expect(held.access == [.anonymous] && record.images[1].held == nil)
    #expect(record.images[1].failures.map(\.prepull) == ["ns/web"] && record.images[1].failures.map(\.tries) == [2])
    #expect(record.says(whatIsIn: record))
  }

  @Test("What is unclear is not remembered")
  mutating func unclear() throws {
    var entry = try #require(node.held.entries.first)
    entry.digest = HeldImages.unclear
    node.held.set(entry)
    #expect(content.record.images[0].held == nil)
  }

  @Test("Another content has another hash, and is said to be another")
  mutating func hash() {
    let (before, record) = (content.hash, content.record)
    #expect(content.hash == before)
    node.failures = [:]
    #expect(content.hash != before && !record.says(whatIsIn: content.record))
  }
}
