package import Kubernetes
package import ImageModel

/// What `prepull check` is asked.
package struct CheckRequest: Sendable {
  /// Each reference once.
  package var images: [CheckSubject]
  /// Platforms that every image must have, besides those of the nodes.
  package var platforms: [Platform] = []
  package var nodes = NodeChoice()
  /// What the images are for, each on nodes of its own; the images name them by their places here.
  package var placements: [Placement] = []
  /// Whether there are images of which is not known where they will run, besides those of `placements`.
  package var isAnyNodeMeant = false
  /// Names of the secrets that pods will pull with.
  package var pullSecrets: [String] = []
  /// Whose tags are asked for with these secrets too.
  package var repositories: [Reference] = []
  package var thresholds = DiskThresholds()
  /// Whether a cluster that does not answer is an error, and not only less to tell.
  package var needsCluster = false
  /// Asks for the unpacked size of each layer, a request each.
  package var isExact = false
  /// What was found before anybody was asked.
  package var findings: [CheckFinding] = []

  package init(images: [CheckSubject]) { self.images = images }
}
