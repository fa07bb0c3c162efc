/// Decides what all Prepulls together do on which node and when, without doing any of it.
package struct FleetMachine: Sendable {
  package let limits: FleetLimits

  package init(limits: FleetLimits = FleetLimits()) {
    self.limits = limits
  }

  /// Takes in what was seen at `now`, since the Unix epoch by the API server's clock, and says what to do.
  package mutating func handle(_ input: Input, at now: Duration) -> [Action] { [] }

  /// When `tick` is to be told, if nothing else comes before.
  package var nextDue: Duration? { nil }

  /// What is to be remembered of a node, with all that its WarmNode shows; nil when the node is not known.
  package func record(of node: String) -> NodeRecord? { nil }
  package func summary(of prepull: PrepullID) -> FleetSummary? { nil }
  /// Whether a node holds an image by our books.
  package func holds(_ reference: String, on node: String) -> Bool { false }
  /// The pods that are there or being made, by what was seen so far, with their uid where it is known.
  package var livePods: [FleetPod.ID: String?] { [:] }
  package var depths: Depths { Depths() }
}
