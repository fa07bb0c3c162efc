@testable import Warming
import Documents
import ImageModel
import Kubernetes
import Testing

@Suite("What a run's pod tells the rollout", .timeLimit(.minutes(1)))
struct RunPodTests {
  private typealias Input = RolloutMachine.Input

  private let id = RolloutMachine.PodID(node: "n", part: 0, serial: 1)
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

  private func failure(of inputs: [Input]) -> RolloutMachine.ImageSignal.Witness? {
    guard inputs.count == 1, case .image(id, 0, .failing(_, _, let witness)) = inputs[0] else { return nil }
    return witness
  }

  @Test("The scheduler's word is told until the pod has its node")
  func scheduling() throws {
    var pod = pod
    let refused = try seen {
      $0.status?.conditions = [Condition(type: "PodScheduled", status: "False", message: "0/3 nodes")]
    }
    for _ in 1...2 { #expect(pod.read(refused, in: plan) == [.podUnschedulable(id, reason: "0/3 nodes")]) }
    let placed = try seen { $0.spec.nodeName = "n" }
    #expect(pod.read(placed, in: plan) == [.podScheduled(id)])
    #expect(pod.read(placed, in: plan) == [])
  }

  @Test("Images: what is there, also where the runtime does not say which; nothing of containers that are not ours")
  func images() throws {
    var pod = pod
    let digest = try Digest(parsing: "sha256:" + String(repeating: "a", count: 64))
    let states: [String: JSON] = [
      "a": ["imageID": .string("r.io/a@\(digest)")], "b": waiting("CreateContainerError"),
      "sidecar": waiting("ErrImagePull"),
    ]
    #expect(
      pod.read(try seen(states), in: plan)
        == [.image(id, image: 0, .held(digest, isStale: false)), .image(id, image: 1, .held(nil, isStale: false))])
  }

  @Test("Each failure is told once by the status and once by its event")
  func failures() throws {
    var pod = pod
    #expect(failure(of: pod.read(try seen(["a": waiting("ErrImagePull")]), in: plan)) == .status)
    #expect(pod.read(try seen(["a": waiting("ErrImagePull")]), in: plan) == [])
    let text = #"Failed to pull image "r.io/a:1": it is so"#
    #expect(failure(of: pod.read(try event("Failed", text))) == .event)
    #expect(pod.read(try seen(["a": waiting("ImagePullBackOff")]), in: plan) == [])
    #expect(failure(of: pod.read(try seen(["a": waiting("ErrImagePull")]), in: plan)) == .status)
    #expect(pod.read(try event("Failed", text, container: "sidecar")) == [])
  }

  @Test("Events tell the progress, and what holds the pod up")
  func progress() throws {
    var pod = pod
    let pulling = try event("Pulling", #"Pulling image "r.io/a:1""#)
    let pulled = try event("Pulled", #"Successfully pulled image "r.io/a:1" in 2s (2s including waiting)"#)
    #expect(pod.read(pulling) == [.image(id, image: 0, .pulling)])
    #expect(pod.read(pulled) == [.image(id, image: 0, .pulled)])
    #expect(
      pod.read(try event("Pulled", #"Container image "r.io/a:1" already present on machine"#))
        == [.image(id, image: 0, .pulled)])
    #expect(pod.read(try event("FailedMount", "no volume")) == [.note(id, "FailedMount: no volume")])
    #expect(pod.report(of: pulling) != nil && pod.report(of: pulled) != nil)
    _ = pod.vanished()
    #expect(pod.read(pulled) == [] && pod.report(of: pulling) == nil && pod.report(of: pulled) != nil)
  }

  @Test(
    "How it ends, once",
    arguments: [
      ("Succeeded", true, nil), ("Failed", true, "Evicted: low on memory"),
      ("Running", true, "its pod was deleted by somebody else"), (nil, true, "its pod was deleted by somebody else"),
      ("Succeeded", false, nil), ("Failed", false, "Evicted: low on memory"),
    ] as [(String?, Bool, String?)])
  func ends(phase: String?, isBeingDeleted: Bool, reason: String?) throws {
    var pod = pod
    let end = try seen { pod in
      pod.status?.phase = phase
      if phase == "Failed" {
        pod.status?.reason = "Evicted"
        pod.status?.message = "low on memory"
      }
      if isBeingDeleted { pod.metadata.deletionTimestamp = "2026-01-01T00:00:00Z" }
    }
    let expected: Input = reason.map { Input.podLost(id, reason: $0) } ?? .podSucceeded(id)
    #expect(pod.read(end, in: plan) == [expected])
    #expect(pod.read(end, in: plan) == [] && pod.vanished() == [])
  }
}
