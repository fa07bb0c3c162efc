import KubeAPIServer
import TestKit
import Documents
import Synchronization
import Testing

@testable import VirtualCluster

@Suite(.timeLimit(.minutes(10))) struct JoiningTests {
  private func create(_ sandbox: Sandbox) throws -> JSON {
    try sandbox.store.create(
      [
        "metadata": ["name": "late", "labels": ["pool": "gpu", "kubernetes.io/arch": "arm64"]],
        "spec": ["taints": [["key": "example.com/cold", "effect": "NoSchedule"]]],
        "status": ["capacity": ["pods": "7"]],
      ], as: .nodes)
  }

  private func taints(_ node: JSON) -> Set<String> { Set(NodeMatch.taints(node).compactMap { $0["key"]?.string }) }

  private func node(_ sandbox: Sandbox, when what: String, _ condition: (JSON) -> Bool) async throws -> JSON {
    try await eventually(what) {
      sandbox.store.get(.nodes, name: "late").flatMap { condition($0) ? $0 : .none }
    }
  }

  @Test func aNodeThatAClientCreatesIsNotReadyThenReadyAndRunsPods() async throws {
    var options = Cluster.options()
    // At the tests' speed: time enough to be seen.
    options.readyAfter = .seconds(20)
    try await Cluster.with(options) { sandbox in
      _ = try create(sandbox)
      let cold = try await node(sandbox, when: "the node to be not ready") {
        $0.condition("Ready") == "False" && taints($0).contains("node.kubernetes.io/not-ready")
      }
      #expect(cold[path: "status", "nodeInfo", "architecture"] == "arm64")
      #expect(cold[path: "status", "allocatable", "pods"] == "7")
      #expect(cold[path: "metadata", "labels", "kubernetes.io/hostname"] == "late")
      try sandbox.run("early", [sandbox.sampleImages[0]]) { pod in
        pod[path: "spec", "nodeSelector"] = ["pool": "gpu"]
        pod[path: "spec", "tolerations"] = [["operator": "Exists"]]
      }
      _ = try await sandbox.pod("early", when: "is bound") { $0.nodeName == "late" }
      let ready = try await node(sandbox, when: "the node to be ready") { $0.condition("Ready") == "True" }
      #expect(taints(ready).contains("example.com/cold"))
      _ = try await sandbox.pod("early", when: "ends") { $0.phase == "Succeeded" }
      _ = try await node(sandbox, when: "its taint to go") { taints($0) == ["example.com/cold"] }
    }
  }

  @Test func deletingANodeStopsItsKubeletAndTheNextOfItsNameIsAnotherMachine() async throws {
    try await Cluster.with { sandbox in
      _ = try create(sandbox)
      _ = try await node(sandbox, when: "the node to be ready") { $0.condition("Ready") == "True" }
      try sandbox.run("first", [sandbox.sampleImages[0]], node: "late")
      _ = try await sandbox.pod("first", when: "ends") { $0.phase == "Succeeded" }
      #expect(try await sandbox.images(on: "late").count == 1)
      try sandbox.store.delete(.nodes, name: "late")
      _ = try await eventually("the kubelet to stop") { sandbox.fleet.kubelet("late") == nil ? true : nil }
      let again = try create(sandbox)
      let kubelet = try await eventually("another kubelet") { sandbox.fleet.kubelet("late") }
      #expect(kubelet.state.withLock(\.nodeUID) == again.uid)
      #expect(try await sandbox.images(on: "late").isEmpty)
    }
  }
}
