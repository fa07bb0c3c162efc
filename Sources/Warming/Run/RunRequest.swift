package import Kubernetes
package import ImageModel

/// What `prepull run` is to make true: these images on those nodes.
package struct RunRequest: Sendable {
  /// In the order in which a node pulls them; pods repeat each reference to the letter.
  package var images: [WantedImage]
  package var namespace: String
  /// What the objects of the run bear as `app.kubernetes.io/instance`; derived from the first image when nil.
  package var name: String?
  package var nodes = NodeChoice()
  /// Nodes at a time.
  package var parallelism = Parallelism.nodes(20)
  /// Nodes of each platform that pull an image first; 0: all may begin at once.
  package var seeds = 0
  /// How many nodes may fail before no further one is begun; all may when nil.
  package var maxFailures: Parallelism?
  /// For the whole run; no limit when nil.
  package var timeout: Duration?
  /// After which no further node is begun, from the start on; never when nil.
  package var notAfter: Duration?
  /// For one node, from its first pod on.
  package var nodeTimeout = Duration.seconds(15 * 60)
  /// The same on Windows nodes, whose images are of many gigabytes.
  package var windowsTimeout = FleetPlan.standardWindowsTimeout
  package var policy = PullPolicy.ifNotPresent
  /// Names of secrets in the namespace. Prepull never reads what is in them.
  package var pullSecrets: [String] = []
  package var placement = NodeAssignment.affinity
  package var priorityClass: String?
  /// What quotas, LimitRanges and admission policies ask of the pods.
  package var template = PodTemplateOptions()

  package init(images: [WantedImage], namespace: String) {
    self.images = images
    self.namespace = namespace
  }

  func timeout(onWindows: Bool) -> Duration { onWindows ? windowsTimeout : nodeTimeout }
}
