import TestKit
import Documents
import Kubernetes
import Testing

@testable import KubeAPIServer
@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(3))) struct FaultTests {
  private static let faults = ResourceName(group: Fault.group, plural: Fault.plural)

  private func make(_ kind: Fault.Kind, _ name: String, node: String? = nil, in sandbox: Sandbox) async throws {
    var spec: JSON = ["kind": .string(kind.rawValue)]
    spec["node"] = node.map(JSON.string)
    try sandbox.store.create(["metadata": ["name": .string(name)], "spec": spec], as: Self.faults)
    _ = try await eventually("\(name) to be in effect") {
      sandbox.store.get(Self.faults, name: name)?[path: "status", "message"]
    }
  }

  @Test func oneFaultsEndLeavesTheOthers() async throws {
    try await Cluster.with { sandbox in
      let request = RecordedRequest(method: "GET", path: "/v2/")
      sandbox.registry.inject(.status(418)) { $0.path == "/teapot" }
      try await make(.registryHangs, "hang", in: sandbox)
      try await make(.registryDown, "down", in: sandbox)
      try sandbox.store.delete(Self.faults, name: "hang")
      _ = try await eventually("the registry to be down, and not silent") { () -> Bool? in
        if case .status(503, _, _) = sandbox.registry.fault(for: request) { true } else { nil }
      }
      try sandbox.store.delete(Self.faults, name: "down")
      _ = try await eventually("the registry to be well") { sandbox.registry.fault(for: request) == nil ? true : nil }
      // What a test injected is not the faults' to end.
      guard case .status(418, _, _) = sandbox.registry.fault(for: RecordedRequest(method: "GET", path: "/teapot"))
      else {
        Issue.record("the other rule is gone")
        return
      }
      // Two that ask for the same end with the second.
      try await make(.nodeNotReady, "one", node: "node-1", in: sandbox)
      try await make(.nodeNotReady, "two", node: "node-1", in: sandbox)
      try await make(.nodeNotReady, "none", node: "node-9", in: sandbox)
      for name in ["one", "none"] { try sandbox.store.delete(Self.faults, name: name) }
      try await make(.serverSlow, "mark", in: sandbox)
      #expect(sandbox.store.get(.nodes, name: "node-1")?.condition("Ready") == "False")
      try sandbox.store.delete(Self.faults, name: "two")
      _ = try await eventually("the node to be ready") {
        sandbox.store.get(.nodes, name: "node-1")?.condition("Ready") == "True" ? true : nil
      }
    }
  }

  @Test func aKubeletWithoutClusterDNSWarnsOnPodsThatWantIt() async throws {
    try await Cluster.with(Cluster.options([NodeTemplate("node-1")])) { sandbox in
      try await make(.missingClusterDNS, "dns", node: "node-1", in: sandbox)
      try sandbox.run("first", [sandbox.sampleImages[3]])
      try sandbox.run("own", [sandbox.sampleImages[3]]) { $0[path: "spec", "dnsPolicy"] = "Default" }
      let first = try await sandbox.pod("first", in: "Succeeded")
      _ = try await sandbox.pod("own", in: "Succeeded")
      #expect(
        sandbox.messages("first").contains(
          "pod: \"first_default(\(first.uid))\". kubelet does not have ClusterDNS IP configured and cannot create Pod "
            + "using \"ClusterFirst\" policy. Falling back to \"Default\" policy."))
      #expect(!sandbox.reasons("own").contains("MissingClusterDNS"))
    }
  }

  @Test func aPolicyThatRefusesLeasesIsAFault() async throws {
    try await Cluster.with { sandbox in
      try await make(.leasesRefused, "policy", in: sandbox)
      let key = RequestKey(verb: "create", resource: "leases.coordination.k8s.io")
      func refusal() -> StatusError? { sandbox.store.policies.refusal(of: key, .leases, name: "l", [:]) }
      #expect(refusal()?.code == 422)
      try sandbox.store.delete(Self.faults, name: "policy")
      _ = try await eventually("leases to be taken") { refusal() == nil ? true : nil }
    }
  }

  @Test func policiesHoldForThePodsOfControllersToo() async throws {
    try await Cluster.with(Cluster.options([NodeTemplate("node-1")])) { sandbox in
      sandbox.store.policies.add(
        AdmissionPolicy("team", message: "every pod needs a team") { request, object in
          request.resource == "pods" && object[path: "metadata", "labels", "team"] == nil
        })
      let spec: JSON = ["containers": [["name": "c", "image": .string(sandbox.sampleImages[3])]]]
      try sandbox.store.create(
        [
          "metadata": ["name": "set", "namespace": "default"],
          "spec": [
            "selector": ["matchLabels": ["a": "b"]],
            "template": ["metadata": ["labels": ["a": "b"]], "spec": spec],
          ],
        ], as: .daemonSets)
      _ = try await eventually("the refusal") { () -> Bool? in
        sandbox.messages("set").contains { $0.hasPrefix("Error creating: pods \"set-") && $0.hasSuffix("a team") }
          ? true : nil
      }
      #expect(sandbox.store.count(.pods) == 0)
    }
  }
}
