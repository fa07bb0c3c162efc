package import Kubernetes

/// Nodes that something is meant for: a workload's pods, a Prepull.
package struct Placement: Hashable, Sendable {
  /// `deployment/web`, for messages.
  package var source: String
  package var nodes: NodeChoice
  /// Whether its pods may land on any of the nodes, so that an image must run on each; a warm-up leaves out those that
  /// the image has nothing for.
  package var needsEachNode: Bool

  package init(_ source: String, nodes: NodeChoice, needsEachNode: Bool) {
    self.source = source
    self.nodes = nodes
    self.needsEachNode = needsEachNode
  }
}

extension CheckRequest {
  /// Chooses the nodes that one of the placements chooses; without placements, or with images whose nodes nobody
  /// knows, those of `nodes`.
  func choose(in survey: inout NodeSurvey) {
    for index in survey.nodes.indices {
      let facts = survey.nodes[index].facts
      let verdicts = placements.map { $0.nodes.verdict(for: facts) }
      let own = nodes.verdict(for: facts)
      let isWanted = verdicts.contains(.wanted)
      survey.nodes[index].verdict = isWanted ? .wanted : isAnyNodeMeant ? own : verdicts.first ?? own
    }
  }

  /// The images as the report has them, each with its nodes.
  func placed(_ subject: CheckSubject, _ inspected: InspectedImage?, on wanted: [NodeSurvey.Node]) -> CheckReport.Image
  {
    var image = CheckReport.Image(subject: subject, inspected: inspected)
    func nodes(of places: [Int]) -> Set<String> {
      Set(
        wanted.map(\.facts).filter { facts in
          places.contains { placements[$0].nodes.verdict(for: facts) == .wanted }
        }.map(\.name))
    }
    if !subject.isEverywhere, !subject.placements.isEmpty { image.nodes = nodes(of: subject.placements) }
    image.neededOn = nodes(of: subject.placements.filter { placements[$0].needsEachNode })
    return image
  }
}
