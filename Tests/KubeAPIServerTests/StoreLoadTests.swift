import Documents
import KubeAPIServer
import Testing

@Suite("API server: many nodes", .timeLimit(.minutes(10))) struct StoreLoadTests {
  /// Each kubelet follows its own pods; none misses a change or sees another's.
  @Test func tellsEachNodeOfItsPodsOnly() async throws {
    let store = Store()
    let nodes = 200
    let watches = (0..<nodes).map { store.watch(Samples.pods, matching: .node("n\($0)")) }
    for index in 0..<nodes {
      try store.create(Samples.pod("p\(index)", node: "n\(index)"), as: Samples.pods)
      try store.modify(Samples.pods, namespace: "default", name: "p\(index)", subresource: .status) {
        $0[path: "status", "phase"] = "Succeeded"
      }
      try store.delete(Samples.pods, namespace: "default", name: "p\(index)")
    }
    for (index, watch) in watches.enumerated() {
      var seen: [String] = []
      for await event in watch {
        switch event {
        case .bookmark: continue
        case .added(let pod), .modified(let pod): seen.append(pod[path: "metadata", "name"]?.string ?? "")
        case .deleted: seen.append("gone")
        }
        if seen.last == "gone" { break }
      }
      #expect(seen == ["p\(index)", "p\(index)", "gone"])
    }
  }

  /// Watchers that begin while others write miss nothing between the state that they get and the changes after it.
  @Test func losesNothingBetweenStateAndChanges() async throws {
    let store = Store()
    let total = 400
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for index in 0..<total {
          try store.create(Samples.configMap("m\(index)"), as: Samples.configMaps)
          if index % 20 == 0 { await Task.yield() }
        }
      }
      for _ in 0..<8 {
        group.addTask {
          var names: Set<String> = []
          for await event in store.watch(Samples.configMaps, namespace: "default") {
            if case .added(let map) = event { names.insert(map[path: "metadata", "name"]?.string ?? "") }
            if names.count == total { break }
          }
          #expect(names.count == total)
        }
      }
      try await group.waitForAll()
    }
  }
}
