@testable import Warming
import Documents
import ImageModel
import Kubernetes
import Testing

@Suite("What a run's pod tells the machine", .timeLimit(.minutes(1)))
struct RunPodTests {
  private typealias Input = FleetMachine.Input

  private let id = FleetPod.ID.ofRun(on: "n", serial: 1)
  private let plan: RunPlan
  private let pod: RunPod

  init() throws {
    plan = RunPlan(
      RunRequest(images: [try wanted("r.io/a:1"), try wanted("r.io/b:1")], namespace: "default"), report: nil)
    pod = RunPod(
      id: id, name: "p", images: ["a": 0, "b": 1], references: ["a": "r.io/a:1", "b": "r.io/b:1"])
  }

  private func seen(_ states: [String: JSON] = [:], _ change: (inout Pod) -> Void = { _ in }) throws -> Pod {
    var pod = Pod(
      metadata: ObjectMeta(name: "p"),
      spec: PodSpec(containers: ["a", "b", "sidecar"].map { Container(name: $0, image: "r.io/\($0):1") }))
    pod.status = PodStatus()
    pod.status?.containerStatuses = try states.keys.sorted().map { name in
      var status = states[name] ?? [:]
      status["name"] = .string(name)
      return try status.decoded()
    }
    change(&pod)
    return pod
  }

  private func waiting(_ reason: String) -> JSON {
    ["state": ["waiting": ["reason": .string(reason), "message": "it is so"]]]
  }

  private func event(_ reason: String, _ message: String, container: String = "a") throws -> PodEvent {
    var event = Event(
      metadata: ObjectMeta(name: "e"),
      involvedObject: Event.ObjectReference(kind: "Pod", name: "p", fieldPath: "spec.containers{\(container)}"))
    event.reason = reason
    event.message = message
    event.type = reason == "Failed" || reason == "FailedMount" ? "Warning" : "Normal"
    return try #require(PodEvent(event))
  }

  private func report(_ pod: FleetPod?, _ image: Int = 0) -> FleetPod.Report? {
    pod.flatMap { image < $0.images.count ? $0.images[image].report : nil }
  }

  private func count(_ report: FleetPod.Report?) -> Int? {
    if case .failing(_, _, let count) = report { count } else { nil }
  }

  private func count(_ input: Input?) -> Int? {
    if case .failing(id, "r.io/a:1", _, _, let count) = input { count } else { nil }
  }

  @Test("The scheduler's word is there until the pod has its node")
  func scheduling() throws {
    var pod = pod
    let refused = try seen {
      $0.status?.conditions = [Condition(type: "PodScheduled", status: "False", message: "0/3 nodes")]
    }
    #expect(pod.read(refused, in: plan, at: .zero)?.unschedulable == "0/3 nodes")
    let placed = try pod.read(seen { $0.spec.nodeName = "n" }, in: plan, at: .zero)
    #expect(placed?.isScheduled == true && placed?.unschedulable == nil)
  }

  @Test("Images: what is there, also where the runtime does not say which; nothing of containers that are not ours")
  func images() throws {
    var pod = pod
    let digest = try Digest(parsing: "sha256:" + String(repeating: "a", count: 64))
    let states: [String: JSON] = [
      "a": ["imageID": .string("r.io/a@\(digest)")], "b": waiting("CreateContainerError"),
      "sidecar": waiting("ErrImagePull"),
    ]
    let seen = pod.read(try seen(states), in: plan, at: .zero)
    #expect(seen?.images.map(\.reference) == ["r.io/a:1", "r.io/b:1"])
    #expect(seen?.images.map(\.report) == [.held(digest), .held(nil)])
  }

  @Test("Each failure counts once, whether the status tells it or an event or both")
  func failures() throws {
    var pod = pod
    #expect(count(report(pod.read(try seen(["a": waiting("ErrImagePull")]), in: plan, at: .zero))) == 1)
    #expect(count(report(pod.read(try seen(["a": waiting("ErrImagePull")]), in: plan, at: .zero))) == 1)
    let text = #"Failed to pull image "r.io/a:1": it is so"#
    #expect(count(pod.read(try event("Failed", text), in: plan)) == 1)
    #expect(count(report(pod.read(try seen(["a": waiting("ImagePullBackOff")]), in: plan, at: .zero))) == 1)
    #expect(count(report(pod.read(try seen(["a": waiting("ErrImagePull")]), in: plan, at: .zero))) == 2)
    #expect(pod.read(try event("Failed", text, container: "sidecar"), in: plan) == nil)
  }

  @Test("Events tell the progress, and what holds the pod up")
  func progress() throws {
    var pod = pod
    let pulling = try event("Pulling", #"Pulling image "r.io/a:1""#)
    let pulled = try event("Pulled", #"Successfully pulled image "r.io/a:1" in 2s (2s including waiting)"#)
    #expect(pod.read(pulling, in: plan) == .moved(id, reference: "r.io/a:1", isPulled: false))
    #expect(pod.read(pulled, in: plan) == .moved(id, reference: "r.io/a:1", isPulled: true))
    #expect(
      pod.read(try event("Pulled", #"Container image "r.io/a:1" already present on machine"#), in: plan)
        == .moved(id, reference: "r.io/a:1", isPulled: true))
    #expect(pod.read(try event("FailedMount", "no volume"), in: plan) == .warned(id, "FailedMount: no volume"))
    #expect(pod.report(of: pulling) != nil && pod.report(of: pulled) != nil)
    _ = pod.vanished()
    #expect(pod.read(pulled, in: plan) == nil && pod.report(of: pulling) == nil && pod.report(of: pulled) != nil)
  }

  @Test(
    "How it ends, once",
    arguments: [
      ("Succeeded", true, false), ("Failed", true, true), ("Running", true, true), (nil, true, true),
      ("Succeeded", false, false), ("Failed", false, true),
    ] as [(String?, Bool, Bool)])
  func ends(phase: String?, isBeingDeleted: Bool, isLost: Bool) throws {
    var pod = pod
    let end = try seen { pod in
      pod.status?.phase = phase
      if phase == "Failed" {
        pod.status?.reason = "Evicted"
        pod.status?.message = "low on memory"
      }
      if isBeingDeleted { pod.metadata.deletionTimestamp = "2026-01-01T00:00:00Z" }
    }
    let read = pod.read(end, in: plan, at: .zero)
    let seen = try #require(read)
    #expect(pod.isLost(seen) == isLost)
    if phase == "Failed" { #expect(seen.phase == .failed(reason: "Evicted: low on memory")) }
    #expect(pod.read(end, in: plan, at: .zero) == nil && pod.vanished() == nil)
  }

  @Test("A node that waits for its turn and is not chosen any more is told to be left out")
  func leftOut() throws {
    var request = plan.request
    request.parallelism = .nodes(1)
    request.nodes.selector = [NodeRequirement("pool", .in, ["a"])]
    func node(_ name: String, pool: String) -> Node {
      var node = Node(metadata: ObjectMeta(name: name, labels: ["pool": pool, "kubernetes.io/arch": "amd64"]))
      node.metadata.uid = name
      var status = Node.Status()
      status.conditions = [Condition(type: "Ready", status: "True")]
      node.status = status
      return node
    }
    let objects = RunObjects(request)
    var board = RunBoard(plan: RunPlan(request, report: nil), objects: objects, owner: objects.configMap(expires: ""))
    _ = board.take(.nodes(.restarted([node("n1", pool: "a"), node("n2", pool: "a")])), at: .zero)
    let effects = board.take(.nodes(.applied(node("n2", pool: "b"))), at: .seconds(1))
    #expect(effects.contains { if case .tell(.nodeSkipped("n2", _)) = $0 { true } else { false } })
    #expect(board.result(cleanup: .complete, duration: .zero).nodes.map(\.name) == ["n1"])
  }

  @Test("That it vanished is told once")
  func vanishes() throws {
    var pod = pod
    _ = pod.read(try seen { $0.metadata.uid = "u" }, in: plan, at: .zero)
    #expect(pod.vanished() == .podGone(id, uid: "u"))
    #expect(pod.vanished() == nil)
  }
}
