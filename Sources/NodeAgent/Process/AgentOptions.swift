package import ImageModel
package import Runtimes

/// How the agent of a node runs.
package struct AgentOptions: Sendable {
  /// Of the program, for `status.agent.version`.
  package var version = "unknown"
  /// Images that are pulled at the same time.
  package var parallelism = 3
  /// The kubelet's `imageGCHighThresholdPercent`: what it begins to remove images at.
  package var highThresholdPercent = ImageDiskRule.defaultThreshold
  /// Bytes a second that fast pulls may move at most.
  package var maxBandwidth: Int64?
  /// What fast pulls are slowed down by; nil where there are none.
  package var pacer: PullPacer?
  /// Where `/metrics`, `/healthz` and `/readyz` are served: `0.0.0.0:8080`; nowhere when nil.
  package var metricsAddress: String? = "0.0.0.0:8080"
  /// Of the agents of a machine, the one that holds this file acts; nil where there can be but one.
  package var lockFile: String?
  /// Where the agent remembers which images it pulled and pinned; nil for nowhere.
  package var memoryFile: String?
  /// What the node's images are for; a virtual node may be another machine than its host.
  package var platform = Platform.host
  /// How long what is not wanted any more stays.
  package var grace = AgentSettings.defaultGrace
  /// How often the runtime is asked, whatever it tells.
  package var listInterval = Duration.seconds(30)
  /// The file system of the images, where the runtime is not to be asked for it.
  package var space: (@Sendable () async -> ImageFileSystem)?

  package init() {}

  var settings: AgentSettings {
    var settings = AgentSettings()
    settings.version = version
    settings.parallelism = parallelism
    settings.diskRule = ImageDiskRule(highThresholdPercent: highThresholdPercent)
    settings.grace = grace
    settings.listInterval = listInterval
    return settings
  }
}
