@testable import Operator
import Documents
import Kubernetes
import Testing

@Suite("Pods of others, to which ours yield", .timeLimit(.minutes(1)))
struct WaitingPodsTests {
  private static let name = PodName(namespace: "shop", name: "web-1")
  private static let start = Duration(timestamp: "2026-01-01T00:00:00Z") ?? .zero

  /// A pod of two containers and an init container that was bound at `start`.
  private func pod(
    uid: String = "u-1", waiting reason: String = "ContainerCreating", phase: String = "Pending",
    init initState: JSON? = nil
  ) throws -> WaitingPod {
    var status: JSON = [
      "phase": .string(phase),
      "conditions": [["type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"]],
      "containerStatuses": .array(
        ["app", "side"].map { name in
          ["name": .string(name), "image": "x", "imageID": "", "state": ["waiting": ["reason": .string(reason)]]]
        }),
    ]
    if let initState { status["initContainerStatuses"] = [["name": "setup", "image": "i", "state": initState]] }
    return try JSON.object([
      "metadata": [
        "name": "web-1", "namespace": "shop", "uid": .string(uid), "creationTimestamp": "2025-12-31T00:00:00Z",
      ],
      "spec": [
        "nodeName": "n", "initContainers": [["name": "setup", "image": "i"]],
        "containers": [["name": "app", "image": "a"], ["name": "side", "image": "b"]],
      ],
      "status": status,
    ]).decoded(as: WaitingPod.self)
  }

  private func puller(_ pods: WaitingPods, _ seconds: Int, holding held: Set<String> = []) -> PodName? {
    pods.puller(on: "n", at: Self.start + .seconds(seconds)) { held.contains($0) }
  }

  @Test("Without any event a pod counts for 15 s after it was bound, however late it is seen")
  func withoutEvents() throws {
    var pods = WaitingPods()
    #expect(pods.put(try pod(), Self.name, at: Self.start + .seconds(10)))
    #expect(puller(pods, 14) == Self.name)
    #expect(puller(pods, 15) == nil)
    // A restart of the operator does not begin it again.
    var later = WaitingPods()
    _ = later.put(try pod(), Self.name, at: Self.start + .seconds(200))
    #expect(puller(later, 200) == nil)
  }

  @Test("A pod whose images are all known to be there never counts without an event")
  func known() throws {
    var pods = WaitingPods()
    _ = pods.put(try pod(), Self.name, at: Self.start)
    #expect(puller(pods, 1, holding: ["a", "b", "i"]) == nil)
    #expect(puller(pods, 1, holding: ["a", "b"]) == Self.name)
  }

  @Test("A container counts from Pulling until Pulled, Failed or BackOff, for a minute at most")
  func events() throws {
    var pods = WaitingPods()
    _ = pods.put(try pod(), Self.name, at: Self.start)
    func take(_ sign: WaitingPods.Sign, _ container: String, _ seconds: Int) -> String? {
      pods.take(sign, of: container, Self.name, uid: "u-1", at: Self.start + .seconds(seconds))
    }
    for container in ["setup", "side"] { #expect(take(.over, container, 1) == "n") }
    #expect(take(.pulling, "app", 16) == "n")
    #expect(puller(pods, 17, holding: ["a"]) == Self.name)
    _ = take(.over, "app", 20)
    #expect(puller(pods, 20) == nil)
    _ = take(.pulling, "app", 50)
    #expect(puller(pods, 59) == Self.name)
    #expect(puller(pods, 60) == nil)
    #expect(pods.isOverdue(Self.name, at: Self.start + .seconds(60)))
    #expect(take(.over, "app", 61) == "n" && !pods.isOverdue(Self.name, at: Self.start + .seconds(62)))
  }

  @Test("An init container that runs, or crashes, keeps nobody waiting")
  func initContainers() throws {
    for state: JSON in [
      ["running": ["startedAt": "2026-01-01T00:00:02Z"]], ["waiting": ["reason": "CrashLoopBackOff"]],
      ["terminated": ["exitCode": 1]],
    ] {
      var pods = WaitingPods()
      _ = pods.put(try pod(waiting: "PodInitializing", init: state), Self.name, at: Self.start)
      #expect(puller(pods, 20) == nil)
    }
  }

  @Test("A status that shows a container past its pull ends it, as a failing pull does")
  func statuses() throws {
    for reason in ["ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CrashLoopBackOff"] {
      var pods = WaitingPods()
      _ = pods.put(try pod(), Self.name, at: Self.start)
      _ = pods.take(.over, of: "setup", Self.name, uid: "u-1", at: Self.start)
      #expect(puller(pods, 2) == Self.name)
      _ = pods.put(try pod(waiting: reason), Self.name, at: Self.start + .seconds(2))
      #expect(puller(pods, 2) == nil, "\(reason)")
    }
    #expect(try !pod(phase: "Running").isWaiting)
  }

  @Test("An event may come before its pod is seen, and says nothing about the next pod of the name")
  func earlyEvents() throws {
    var pods = WaitingPods()
    #expect(pods.take(.pulling, of: "app", Self.name, uid: "u-1", at: Self.start + .seconds(20)) == nil)
    _ = pods.put(try pod(), Self.name, at: Self.start + .seconds(21))
    #expect(puller(pods, 21) == Self.name)
    #expect(pods.take(.pulling, of: "app", Self.name, uid: "u-0", at: Self.start + .seconds(22)) == nil)
    _ = pods.put(try pod(uid: "u-2"), Self.name, at: Self.start + .seconds(23))
    #expect(puller(pods, 23) == nil)
    #expect(pods.remove(Self.name) == "n")
    _ = pods.expired(at: Self.start + .seconds(100))
    #expect(pods.count == 0)
  }

  @Test("Nodes are judged again when a time of their pods is over")
  func times() throws {
    var pods = WaitingPods()
    _ = pods.put(try pod(), Self.name, at: Self.start + .seconds(1))
    #expect(pods.expired(at: Self.start + .seconds(14)).isEmpty)
    #expect(pods.expired(at: Self.start + .seconds(15)) == ["n"])
    #expect(pods.expired(at: Self.start + .seconds(59)).isEmpty)
    #expect(pods.expired(at: Self.start + .seconds(60)) == ["n"])
    #expect(pods.expired(at: Self.start + .seconds(600)).isEmpty)
  }

  @Test("Nobody is yielded to where the timeout is zero")
  func never() throws {
    var pods = WaitingPods(limits: WaitingPods.Limits(timeout: .zero))
    _ = pods.put(try pod(), Self.name, at: Self.start)
    #expect(puller(pods, 0) == nil)
  }
}
