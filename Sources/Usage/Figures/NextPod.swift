/// Where the next pod of a workload starts without a pull. Pure.
package struct NextPod: Hashable, Sendable {
  /// `Deployment web/front`.
  package let workload: String
  /// Nodes that hold every image of it.
  package let warmNodes: Int
  /// Nodes of the systems on which its images are used; taints and selectors are not looked at.
  package let nodes: Int
  /// Those of its images that some of the nodes lack, the rarest first.
  package let lacking: [String]

  /// 0 to 1.
  package var warmShare: Double { nodes > 0 ? Double(warmNodes) / Double(nodes) : 0 }
}

extension UsageSurvey {
  /// Of all workloads, those whose next pod most likely waits first.
  package func nextPods() -> [NextPod] {
    workloads.map { workload, images in
      let used = images.map { entries[$0] }.sorted { ($0.nodes.count, $0.key) < ($1.nodes.count, $1.key) }
      let all = used.map(eligible).min() ?? 0
      var holding = used.first?.nodes ?? NodeSet()
      for entry in used.dropFirst() { holding.formIntersection(entry.nodes) }
      return NextPod(
        workload: workload, warmNodes: min(holding.count, all), nodes: all,
        lacking: used.filter { $0.nodes.count < all }.compactMap(\.reference))
    }
    .sorted { ($0.warmShare, $0.workload) < ($1.warmShare, $1.workload) }
  }
}
