import ImageModel
import Kubernetes
import Testing

@testable import Warming

@Suite("End of a pod", .timeLimit(.minutes(1)))
struct PodReviewTests {
  private let created = Duration.seconds(1000)
  private let index = PlanIndex(offset: 0)
  private let secrets = AccessNumber(value: 0)
  private let denied = WarmFailure(code: "denied", detail: "", remedy: "")
  private var table = ImageTable()
  private var plan: FleetMachine.PlanState
  private var node = FleetMachine.NodeState(name: "n1")
  private var pod: FleetMachine.LivePod

  /// A pod that runs on its node, for a Prepull of two images, and says nothing of them yet.
  init() {
    let id = PrepullID(namespace: "ns", name: "web", uid: "")
    let images = [table.image("r/a"), table.image("r/b")]
    plan = FleetMachine.PlanState(
      id: id, owner: table.owner(id.key), plan: FleetPlan(generation: 1, images: [], createdAt: .zero),
      access: secrets)
    plan.isGone = false
    plan.images = images
    plan.positions = [images[0]: 0, images[1]: 1]
    node.uid = "u1"
    node.facts = NodeFacts(name: "n1", uid: "u1")
    node.statuses = [FleetMachine.Status(plan: index, isUnsupported: false)]
    pod = FleetMachine.LivePod(
      id: FleetPod.ID(prepull: id, node: "n1", nodeUID: "u1"), plan: index, purpose: .pull, access: secrets,
      images: images.map { FleetMachine.LivePod.Image(number: $0, policy: .ifNotPresent) }, registries: [],
      stage: .live, createdAt: created, isScheduled: true, progressAt: created)
  }

  private func end(after time: Duration = .seconds(1)) -> PodReview.End? { review(after: time).end(in: table) }

  private func review(after time: Duration = .seconds(1)) -> PodReview {
    PodReview(pod: pod, node: node, plan: plan, now: created + time, limits: FleetLimits())
  }

  @Test("It is settled when each image is there or failed for good")
  mutating func settled() {
    #expect(end() == nil)
    pod.images[0].report = .held(nil)
    pod.images[1].report = .failing(denied, .passing, count: 1)
    #expect(end() == nil)
    pod.images[1].report = .failing(denied, .passing, count: 2)
    #expect(end() == .settled)
    pod.images[1].report = .failing(denied, .final, count: 1)
    #expect(end() == .settled)
  }

  @Test("It is given up after the Prepull's timeout, or when it gets no node")
  mutating func timeouts() {
    #expect(end(after: .seconds(1799)) == nil && end(after: .seconds(1800)) == .timedOut)
    #expect(review().nextDue == created + .seconds(1800))
    pod.isScheduled = false
    pod.unschedulable = "Insufficient pods"
    #expect(end(after: .seconds(59)) == nil && end(after: .seconds(60)) == .lost(reason: "Insufficient pods"))
    #expect(review().nextDue == created + .seconds(60))
    pod.isScheduled = true
    node.facts?.isReady = false
    #expect(end(after: .seconds(60)) == .lost(reason: "the node is not ready"))
  }

  @Test("It is lost when somebody deletes it or its node does not take it")
  mutating func lost() {
    pod.isBeingDeleted = true
    #expect(end() == .lost(reason: "its pod was deleted by somebody"))
    pod.phase = .failed(reason: "Evicted")
    #expect(end() == .lost(reason: "Evicted"))
  }

  @Test("Nobody wants it whose Prepull is gone, has other secrets or images, or whose node is another")
  mutating func unwanted() {
    plan.isGone = true
    #expect(end() == .unwanted)
    plan.isGone = false
    plan.access = AccessNumber(value: 1)
    #expect(end() == .unwanted)
    plan.access = secrets
    plan.positions = [:]
    #expect(end() == .unwanted)
    plan.positions = [pod.images[0].number: 0, pod.images[1].number: 1]
    #expect(end() == nil)
    node.statuses = []
    #expect(end() == .unwanted)
    node.uid = "u2"
    #expect(end() == .unwanted)
  }

  @Test("What it said before stays where it says less now")
  mutating func reports() {
    var seen = FleetPod(id: pod.id, uid: "pod-1", purpose: .pull, createdAt: created, images: [])
    seen.images = [FleetPod.Image(reference: "r/a", policy: .ifNotPresent, report: .held(nil))]
    let held = pod.read(seen, table: table, at: created + .seconds(5))
    #expect(held == [0] && pod.progressAt == created + .seconds(5))
    seen.images[0].report = .waiting
    let heldAgain = pod.read(seen, table: table, at: created + .seconds(9))
    #expect(heldAgain.isEmpty && pod.images[0].report == .held(nil) && pod.progressAt == created + .seconds(5))
  }
}
