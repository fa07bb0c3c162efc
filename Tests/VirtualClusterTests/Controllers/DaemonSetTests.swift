import KubeAPIServer
import TestKit
import Documents
import Kubernetes
import Testing

@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(10))) struct DaemonSetTests {
  private func daemonSet(_ sandbox: Sandbox, image: String, edit: (inout JSON) -> Void = { _ in }) throws -> JSON {
    var set: JSON = [
      "metadata": ["name": "warm", "namespace": "default"],
      "spec": [
        "selector": ["matchLabels": ["app": "warm"]],
        "updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": "100%"]],
        "template": [
          "metadata": ["labels": ["app": "warm"]],
          "spec": [
            "initContainers": [["name": "pull", "image": .string(image), "command": ["/prepull/touch"]]],
            "containers": [["name": "hold", "image": .string(image), "command": ["/prepull/touch", "hold"]]],
          ],
        ],
      ],
    ]
    edit(&set)
    return try sandbox.store.create(set, as: .daemonSets)
  }

  private func status(_ sandbox: Sandbox, _ what: String, _ condition: (JSON) -> Bool) async throws -> JSON {
    try await eventually("the DaemonSet \(what)") {
      let status = sandbox.store.get(.daemonSets, namespace: "default", name: "warm")?["status"] ?? [:]
      return condition(status) ? status : .none
    }
  }

  @Test func putsAPodOnEveryNodeAndFollowsThem() async throws {
    var cordoned = NodeTemplate("cordoned")
    cordoned.isSchedulable = false
    var tainted = NodeTemplate("tainted")
    tainted.taints = [.init(key: "dedicated", effect: "NoSchedule")]
    let nodes = NodeTemplate.numbered(2) + [cordoned, tainted]
    try await Cluster.with(Cluster.options(nodes)) { sandbox in
      let set = try daemonSet(sandbox, image: sandbox.sampleImages[0])
      let ready = try await status(sandbox, "to be ready") { $0["numberReady"] == 3 }
      #expect(ready["desiredNumberScheduled"] == 3)
      #expect(ready["currentNumberScheduled"] == 3)
      #expect(ready["updatedNumberScheduled"] == 3)
      #expect(ready["numberAvailable"] == 3)
      #expect(ready["numberMisscheduled"] == 0)
      #expect(ready["observedGeneration"] == 1)
      let pods = sandbox.store.list(.pods, namespace: "default").items
      #expect(Set(pods.compactMap(\.nodeName)) == ["node-1", "node-2", "cordoned"])
      let pod = try #require(pods.first)
      #expect(pod[path: "metadata", "name"]?.string?.hasPrefix("warm-") == true)
      #expect(pod[path: "metadata", "labels", "controller-revision-hash"]?.string?.isEmpty == false)
      #expect(pod[path: "metadata", "labels", "pod-template-generation"] == "1")
      let owner = pod[path: "metadata", "ownerReferences"]?.array?.first
      #expect(owner?["uid"]?.string == set.uid)
      #expect(owner?["controller"] == true)
      #expect(NodeMatch.names(pod["spec"] ?? [:])?.count == 1)
      #expect(
        pod[path: "spec", "tolerations"]?.array?.contains([
          "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
        ]) == true)
      // A new node is covered, one that no longer matches is left.
      try await sandbox.addNode(NodeTemplate("late"))
      _ = try await status(sandbox, "to cover the new node") { $0["numberReady"] == 4 }
      try sandbox.store.modify(.nodes, name: "late") {
        $0[path: "spec", "taints"] = [["key": "dedicated", "effect": "NoExecute"]]
      }
      _ = try await status(sandbox, "to leave the node") { $0["desiredNumberScheduled"] == 3 }
      _ = try await eventually("the pod to go") {
        sandbox.store.list(.pods).items.contains { $0.nodeName == "late" } ? nil : true
      }
      // With its owner gone, everything goes.
      try sandbox.store.delete(.daemonSets, namespace: "default", name: "warm")
      _ = try await eventually("all pods to go") { sandbox.store.list(.pods).items.isEmpty ? true : nil }
    }
  }

  @Test func replacesThePodsOfAnEditedTemplateAFewAtATime() async throws {
    try await Cluster.with { sandbox in
      _ = try daemonSet(sandbox, image: sandbox.sampleImages[0]) {
        $0[path: "spec", "updateStrategy", "rollingUpdate", "maxUnavailable"] = 1
      }
      _ = try await status(sandbox, "to be ready") { $0["numberReady"] == 3 }
      let before = Set(sandbox.store.list(.pods).items.map(\.uid))
      try sandbox.store.modify(.daemonSets, namespace: "default", name: "warm") { set in
        set[path: "spec", "template", "metadata", "annotations"] = ["edited": "yes"]
      }
      var fewest = 3
      _ = try await status(sandbox, "to be updated") { status in
        fewest = min(fewest, Int(status["numberAvailable"]?.integer ?? 0))
        return status["observedGeneration"] == 2 && status["updatedNumberScheduled"] == 3 && status["numberReady"] == 3
      }
      #expect(fewest >= 2)
      #expect(before.isDisjoint(with: sandbox.store.list(.pods).items.filter { !$0.isTerminating }.map(\.uid)))
    }
  }

  @Test func replacesFailedPods() async throws {
    try await Cluster.with { sandbox in
      _ = try daemonSet(sandbox, image: sandbox.sampleImages[3])
      _ = try await status(sandbox, "to be ready") { $0["numberReady"] == 3 }
      let pod = try #require(sandbox.store.list(.pods).items.first)
      try sandbox.evictPod(ObjectName(pod).name)
      _ = try await eventually("the evicted pod to go") {
        sandbox.store.get(.pods, namespace: "default", name: ObjectName(pod).name) == nil ? true : nil
      }
      _ = try await status(sandbox, "to be ready again") { $0["numberReady"] == 3 }
      #expect(sandbox.reasons("warm").contains("FailedDaemonPod"))
    }
  }

  @Test func refusedPodsAreTriedAgainEverLater() async throws {
    try await Cluster.with(Cluster.options([NodeTemplate("node-1")], speed: 1)) { sandbox in
      try sandbox.store.create(
        ["metadata": ["name": "none", "namespace": "default"], "spec": ["hard": ["pods": "0"]]], as: .resourceQuotas)
      let start = ContinuousClock.now
      _ = try daemonSet(sandbox, image: sandbox.sampleImages[3])
      func attempts() -> Int {
        sandbox.store.list(.events).items.filter { $0["reason"] == "FailedCreate" }
          .reduce(0) { $0 + Int($1["count"]?.integer ?? 0) }
      }
      _ = try await eventually("six attempts") { attempts() >= 6 ? true : nil }
      let made = attempts()
      let passed = (ContinuousClock.now - start) / .milliseconds(5)
      // 5 ms, then twice as long each time: the number grows with the logarithm of the time.
      var most = 2
      var wait = 1.0
      while wait < passed {
        most += 1
        wait *= 2
      }
      #expect(made <= most + 1, "\(made) attempts in \(passed * 5) ms")
      #expect(sandbox.messages("warm").contains { $0.contains("exceeded quota: none, requested: pods=1") })
      try sandbox.store.delete(.resourceQuotas, namespace: "default", name: "none")
      _ = try await status(sandbox, "to have its pod") { $0["currentNumberScheduled"] == 1 }
    }
  }
}
