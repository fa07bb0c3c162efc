import TestKit
import Documents
import Testing

@testable import KubeAPIServer
@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(10))) struct LifecycleTests {
  private func map(_ name: String, owners: [JSON] = [], namespace: String = "default") -> JSON {
    var map: JSON = ["metadata": ["name": .string(name), "namespace": .string(namespace)]]
    if !owners.isEmpty { map[path: "metadata", "ownerReferences"] = .array(owners) }
    return map
  }

  private func owner(_ object: JSON, blocks: Bool = false) -> JSON {
    [
      "apiVersion": "v1", "kind": "ConfigMap", "name": object[path: "metadata", "name"] ?? "",
      "uid": .string(object.uid), "blockOwnerDeletion": .bool(blocks),
    ]
  }

  private func maps(_ sandbox: Sandbox) -> Set<String> {
    Set(sandbox.store.list(.configMaps, namespace: "default").items.map { ObjectName($0).name }).subtracting([
      "kube-root-ca.crt"
    ])
  }

  private func await_(_ sandbox: Sandbox, _ expected: Set<String>) async throws {
    do {
      _ = try await eventually("only \(expected) to be left") { maps(sandbox) == expected ? true : nil }
    } catch {
      Issue.record("there are \(sandbox.store.list(.configMaps, namespace: "default").items.map(\.text))")
      throw error
    }
  }

  @Test func collectsWhatBelongsToObjectsThatAreGone() async throws {
    try await Cluster.with(Cluster.options([])) { sandbox in
      let store = sandbox.store
      let (a, b) = (try store.create(map("a"), as: .configMaps), try store.create(map("b"), as: .configMaps))
      let child = try store.create(map("child", owners: [owner(a)]), as: .configMaps)
      try store.create(map("grandchild", owners: [owner(child)]), as: .configMaps)
      try store.create(map("shared", owners: [owner(a), owner(b)]), as: .configMaps)
      try store.delete(.configMaps, namespace: "default", name: "a")
      try await await_(sandbox, ["b", "shared"])
      _ = try await eventually("the reference to go") {
        let owners = store.get(.configMaps, namespace: "default", name: "shared")?[
          path: "metadata", "ownerReferences"]
        return owners?.array?.count == 1 ? true : nil
      }
      // Made after its owner is gone.
      try store.create(map("late", owners: [owner(a)]), as: .configMaps)
      try await await_(sandbox, ["b", "shared"])
    }
  }

  @Test func orphansAndForeground() async throws {
    try await Cluster.with(Cluster.options([])) { sandbox in
      let store = sandbox.store
      let a = try store.create(map("a"), as: .configMaps)
      try store.create(map("child", owners: [owner(a)]), as: .configMaps)
      try store.delete(.configMaps, namespace: "default", name: "a", options: DeleteOptions(propagation: .orphan))
      try await await_(sandbox, ["child"])
      #expect(store.get(.configMaps, namespace: "default", name: "child")?[path: "metadata", "ownerReferences"] == nil)

      let b = try store.create(map("b"), as: .configMaps)
      var held = map("held", owners: [owner(b, blocks: true)])
      held[path: "metadata", "finalizers"] = ["example.com/hold"]
      try store.create(held, as: .configMaps)
      try store.delete(.configMaps, namespace: "default", name: "b", options: DeleteOptions(propagation: .foreground))
      _ = try await eventually("the dependant to be on its way") {
        store.get(.configMaps, namespace: "default", name: "held")?.isTerminating == true ? true : nil
      }
      #expect(maps(sandbox) == ["child", "b", "held"])
      try store.modify(.configMaps, namespace: "default", name: "held") { $0[path: "metadata", "finalizers"] = nil }
      try await await_(sandbox, ["child"])
    }
  }

  @Test func emptiesNamespacesThatGo() async throws {
    try await Cluster.with { sandbox in
      let store = sandbox.store
      try store.create(["metadata": ["name": "web"]], as: .namespaces)
      try store.create(map("a", namespace: "web"), as: .configMaps)
      try sandbox.run("hold", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"]) {
        $0[path: "metadata", "namespace"] = "web"
      }
      _ = try await eventually("the pod to run") {
        store.get(.pods, namespace: "web", name: "hold")?.phase == "Running" ? true : nil
      }
      let deletion = try store.delete(.namespaces, name: "web")
      #expect(!deletion.isGone)
      #expect(deletion.object.phase == "Terminating")
      #expect(throws: StatusError.self) { try store.create(map("b", namespace: "web"), as: .configMaps) }
      _ = try await eventually("the namespace to go") { store.get(.namespaces, name: "web") == nil ? true : nil }
      #expect(store.list(.pods, namespace: "web").items.isEmpty)
    }
  }

  @Test func deletesThePodsOfNodesThatAreNoMore() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("hold", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"], node: "node-1")
      _ = try await sandbox.pod("hold", in: "Running")
      try sandbox.removeNode("node-1")
      try await sandbox.podIsGone("hold")
      #expect(throws: Sandbox.NoSuchNode.self) { try sandbox.removeNode("node-1") }
    }
  }

  @Test func aNodeThatIsNotReadyIsTaintedAndItsPodsLeaveInTime() async throws {
    try await Cluster.with(Cluster.options(speed: 200)) { sandbox in
      let hold = ["/prepull/touch", "hold"]
      try sandbox.run("stays", [sandbox.sampleImages[3]], program: hold, node: "node-1") {
        $0[path: "spec", "tolerations"] = [["operator": "Exists"]]
      }
      try sandbox.run("leaves", [sandbox.sampleImages[3]], program: hold, node: "node-1")
      _ = try await sandbox.pod("stays", in: "Running")
      _ = try await sandbox.pod("leaves", in: "Running")
      try await sandbox.setReady("node-1", false)
      let node = try await eventually("the taints") {
        sandbox.store.get(.nodes, name: "node-1").flatMap { NodeMatch.taints($0).count == 2 ? $0 : .none }
      }
      #expect(Set(NodeMatch.taints(node).map { $0["key"] }) == ["node.kubernetes.io/not-ready"])
      #expect(Set(NodeMatch.taints(node).compactMap { $0["effect"]?.string }) == ["NoSchedule", "NoExecute"])
      try await sandbox.podIsGone("leaves")
      #expect(sandbox.pod("stays") != nil)
      try await sandbox.setReady("node-1", true)
      _ = try await eventually("the taints to go") {
        sandbox.store.get(.nodes, name: "node-1").flatMap { NodeMatch.taints($0).isEmpty ? true : nil }
      }
    }
  }

  @Test func aSilentKubeletMakesItsNodeUnreachable() async throws {
    var options = Cluster.options(speed: 200)
    options.heartbeat = .milliseconds(200)
    try await Cluster.with(options) { sandbox in
      try sandbox.stopKubelet("node-2")
      let node = try await eventually("the node to be unknown") {
        sandbox.store.get(.nodes, name: "node-2").flatMap { NodeMatch.taints($0).count == 2 ? $0 : .none }
      }
      #expect(node.condition("Ready") == "Unknown")
      #expect(NodeMatch.taints(node).first?["key"] == "node.kubernetes.io/unreachable")
      #expect(sandbox.store.get(.nodes, name: "node-1")?.condition("Ready") == "True")
      try await sandbox.startKubelet("node-2")
      _ = try await eventually("the node to be ready") {
        sandbox.store.get(.nodes, name: "node-2")?.condition("Ready") == "True" ? true : nil
      }
    }
  }

  @Test func eventsGoAnHourAfterTheyWereLastWritten() throws {
    let (start, later) = (
      try #require(HumanTime.date("2026-01-01T00:00:00Z")), try #require(HumanTime.date("2026-01-01T01:10:00Z"))
    )
    let store = Store(now: { start })
    for (name, last) in [("old", "2026-01-01T00:00:00Z"), ("young", "2026-01-01T00:30:00Z")] {
      try store.create(
        [
          "metadata": ["name": .string(name), "namespace": "default"], "involvedObject": ["namespace": "default"],
          "lastTimestamp": .string(last),
        ], as: .events)
    }
    EventCollector(store: store).collect(at: later)
    #expect(store.list(.events).items.map { ObjectName($0).name } == ["young"])
  }
}
