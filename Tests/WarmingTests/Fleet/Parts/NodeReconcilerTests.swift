import ImageModel
import Kubernetes
import Testing

@testable import Warming

@Suite("Decisions about a node", .timeLimit(.minutes(1))) struct NodeReconcilerTests {
  private let now = Duration.seconds(10_000)
  private let first = PlanIndex(offset: 0)
  private let second = PlanIndex(offset: 1)
  private let failure = ImageFailure(failure: WarmFailure(code: "notFound", detail: "", remedy: ""), nature: .passing)

  private let secrets = AccessNumber(value: 0)

  private func image(_ value: Int32) -> ImageNumber { ImageNumber(value: value) }
  private func registry(_ value: Int32) -> RegistryNumber { RegistryNumber(value: value) }

  /// A Prepull of the images 0, 1, …, which wants any digest, or the one given.
  private func plan(
    _ owner: Int32 = 0, images: Int32 = 2, digest: Int32? = nil, edit: (inout FleetPlan) -> Void = { _ in }
  ) -> FleetMachine.PlanState {
    let digest = digest.map { DigestNumber(value: $0) }
    var plan = FleetPlan(generation: 1, images: [], createdAt: .zero)
    edit(&plan)
    let id = PrepullID(namespace: "ns", name: "p\(owner)", uid: "")
    var state = FleetMachine.PlanState(id: id, owner: OwnerNumber(value: owner), plan: plan, access: secrets)
    state.isGone = false
    state.images = (0..<images).map { image($0) }
    state.registries = state.images.map { registry(100 + $0.value) }
    state.accepted = state.images.map { _ in digest.map { [$0] } }
    state.wantedDigests = state.images.map { _ in digest }
    return state
  }

  /// A node that two Prepulls chose at most, and that holds the images given, by digest.
  private func node(plans: Int = 1, held: [Int32: Int32] = [:]) -> FleetMachine.NodeState {
    var node = FleetMachine.NodeState(name: "n1")
    node.facts = NodeFacts(name: "n1", uid: "u1")
    node.uid = "u1"
    node.statuses = [first, second].prefix(plans).map { FleetMachine.Status(plan: $0, isUnsupported: false) }
    for (number, digest) in held {
      let key = HeldImages.Key(image: image(number), access: secrets)
      node.held.set(HeldImages.Entry(key: key, digest: DigestNumber(value: digest), since: 0))
    }
    return node
  }

  private func decisions(_ node: FleetMachine.NodeState, _ plans: FleetMachine.PlanState...) -> [NodeReconciler
    .Decision]
  {
    var table = PrepullTable()
    for plan in plans { _ = table.add(plan) }
    return NodeReconciler(node: node, index: NodeIndex(offset: 0), now: now, limits: FleetLimits()).decisions(in: table)
  }

  @Test("A cold node waits for a pod that pulls what it lacks") func cold() throws {
    let decision = try #require(decisions(node(held: [0: 5]), plan()).first)
    #expect(decision.cells.map(\.state) == [.warm, .pending] && decision.share.state == .pending)
    #expect(decision.priority == .fresh && decision.registries == [registry(101)] && decision.share.blocker == .pacing)
  }

  @Test("A warm node has nothing to do") func warm() throws {
    let decision = try #require(decisions(node(held: [0: 5, 1: 6]), plan()).first)
    #expect(decision.share.state == .warm && decision.priority == nil && decision.share.blocker == nil)
  }

  @Test("Another digest than the wanted one is stale, or pulled again where the Prepull refreshes") func stale() throws
  {
    let node = node(held: [0: 5, 1: 7])
    let stale = try #require(decisions(node, plan(digest: 7)).first)
    #expect(stale.share.state == .stale && stale.priority == nil)
    let refreshed = try #require(decisions(node, plan(digest: 7) { $0.refreshes = true }).first)
    #expect(refreshed.share.state == .pending && refreshed.registries == [registry(100)])
  }

  @Test("An image that failed is tried again when its time has come") func failed() throws {
    var node = node(held: [0: 5])
    let key = FleetMachine.FailureKey(owner: OwnerNumber(value: 0), image: image(1))
    node.failures[key] = Backoff(reason: failure, tries: 1, retryAt: now + .seconds(5))
    var decision = try #require(decisions(node, plan()).first)
    #expect(decision.priority == nil && decision.share.blocker == .backingOff && decision.nextDue == now + .seconds(5))
    node.failures[key] = Backoff(reason: failure, tries: 5, retryAt: now)
    decision = try #require(decisions(node, plan()).first)
    #expect(decision.share.state == .failed && decision.share.isFailing && decision.priority == .again)
  }

  @Test("A node that cannot be reached, is busy or lost a pod gets none") func closed() throws {
    var busy = node()
    busy.busyWith = "web/front"
    var decision = try #require(decisions(busy, plan()).first)
    #expect(decision.priority == nil && decision.share.blocker == .busy && decision.example == "web/front on n1")
    var waiting = node()
    waiting.podBackoff = Backoff(reason: "evicted", tries: 1, retryAt: now + .seconds(1))
    decision = try #require(decisions(waiting, plan()).first)
    #expect(decision.priority == nil && decision.share.blocker == .noRoom)
    var cordoned = node()
    cordoned.facts?.isSchedulable = false
    decision = try #require(decisions(cordoned, plan()).first)
    #expect(decision.priority == nil && decision.share.state == .unreachable)
  }

  @Test("What a closed gate waits for goes before all else on its node") func gated() {
    var node = node(plans: 2)
    _ = node.gates.keep("cold", since: .zero)
    let gated = plan(1) { $0.gate = FleetPlan.Gate(taint: "cold") }
    let both = decisions(node, plan(0), gated)
    #expect(both.map(\.priority) == [nil, .gated])
    #expect(both.map(\.share.blocker) == [.gated, .pacing])
  }

  @Test("Outside of its windows a Prepull begins what a gate waits for and what a node lost, unless that waits too")
  func windows() throws {
    var decision = try #require(decisions(node(), plan { $0.isClosed = true }).first)
    #expect(decision.priority == nil && decision.share.blocker == .closed && decision.share.state == .pending)
    var losing = node()
    losing.missing = [HeldImages.Key(image: image(0), access: plan().access)]
    decision = try #require(decisions(losing, plan { $0.isClosed = true }).first)
    #expect(decision.priority != nil && decision.registries.count == 1, "one of two images is a repair")
    var gated = node()
    _ = gated.gates.keep("cold", since: .zero)
    let closed = plan {
      $0.isClosed = true
      $0.gate = FleetPlan.Gate(taint: "cold")
    }
    #expect(decisions(gated, closed).map(\.priority) == [.gated])
    for node in [losing, gated] {
      let strict = plan {
        $0.isClosed = true
        $0.closesAll = true
        $0.gate = FleetPlan.Gate(taint: "cold")
      }
      #expect(decisions(node, strict).map(\.priority) == [nil])
    }
    #expect(decisions(self.node(held: [0: 5, 1: 6]), closed).map(\.share.state) == [.warm])
  }

  @Test("A suspended Prepull begins nothing") func suspended() {
    #expect(decisions(node(), plan { $0.isSuspended = true }).map(\.priority) == [nil])
  }
}
