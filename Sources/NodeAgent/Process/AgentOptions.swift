/// How the agent of a node runs.
package struct AgentOptions: Sendable {
  /// Of the program, for `status.agent.version`.
  package var version = "unknown"
  /// Images that are pulled at the same time.
  package var parallelism = 3
  /// The kubelet's `imageGCHighThresholdPercent`: what it begins to remove images at.
  package var highThresholdPercent = 85
  /// Where `/metrics`, `/healthz` and `/readyz` are served: `0.0.0.0:8080`; nowhere when nil.
  package var metricsAddress: String? = "0.0.0.0:8080"
  /// Of the agents of a machine, the one that holds this file acts; nil where there can be but one.
  package var lockFile: String?
  /// Where the agent remembers which images it pulled, for a runtime that cannot; nil for nowhere.
  package var memoryFile: String?

  package init() {}
}
