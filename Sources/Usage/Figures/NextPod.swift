/// Where the next pod of a workload starts without a pull. Pure.
package struct NextPod: Hashable, Sendable {
  /// `Deployment web/front`.
  package let workload: String
  /// Nodes that take its pods now and hold every image of it.
  package let warmNodes: Int
  /// Nodes that take its pods now: by selectors, required affinity, taints and cordons, and of the systems on which its
  /// images are used.
  package let nodes: Int
  /// Those of its images that some of the nodes lack, the rarest first.
  package let lacking: [String]

  /// 0 to 1.
  package var warmShare: Double { nodes > 0 ? Double(warmNodes) / Double(nodes) : 0 }
}

extension UsageSurvey {
  /// Of all workloads, those whose next pod most likely waits first.
  package func nextPods() -> [NextPod] {
    let ofSystem = Dictionary(grouping: systems.indices) { systems[$0] }.mapValues { NodeSet($0) }
    return workloads.map { name, workload in
      let used = workload.images.map { entries[$0] }
      var able = places[workload.nodes] ?? NodeSet()
      for entry in used {
        let systems = entry.systems.isEmpty ? ["linux"] : entry.systems
        let ofThem = able.intersection(systems.reduce(NodeSet()) { $0.union(ofSystem[$1] ?? NodeSet()) })
        // One that goes to nodes of another system now says so itself.
        if ofThem.count > 0 { able = ofThem }
      }
      let holders = used.map { (image: $0, count: able.intersection($0.nodes).count) }
      return NextPod(
        workload: name, warmNodes: used.reduce(able) { $0.intersection($1.nodes) }.count, nodes: able.count,
        lacking: holders.filter { $0.count < able.count }.sorted { ($0.count, $0.image.key) < ($1.count, $1.image.key) }
          .compactMap(\.image.reference))
    }
    .sorted { ($0.warmShare, $0.workload) < ($1.warmShare, $1.workload) }
  }
}
