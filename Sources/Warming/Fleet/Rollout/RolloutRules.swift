package import Networking

/// What holds for a plan that comes to an end, as that of `prepull run` does, where a Prepull would wait and try again.
package struct RolloutRules: Hashable, Sendable {
  /// When more nodes than this have failed, no further one is begun; all may fail when nil.
  package var maxFailures: Parallelism?
  /// For the whole, from the creation of the plan on; no limit when nil.
  package var timeout: Duration?
  /// After which no further node is begun, since the creation of the plan; those at work go on.
  package var notAfter: Duration?
  /// For pods that are refused or lost. The count of tries starts again when an image arrived meanwhile.
  package var retry = RetryPolicy(attempts: 8, base: .seconds(2), factor: 2, cap: .seconds(60), jitter: 0)
  /// Tries after which a failure that does not heal by itself is believed.
  package var finalTries = 2
  /// Failures that are believed at once, as a second try asks nobody anything new.
  package var certainCodes: Set<String> = ["noPlatform", "invalidName", "neverPull"]
  /// Positions of images that the registry itself says it does not have or give: the first failure on a node is believed.
  package var refusedImages: Set<Int> = []
  /// When this many nodes have given an image up for the same reason, each further node does so on its first failure
  /// for that reason, so that one bad image does not cost every wave the whole time limit. A node that pulls the image
  /// after all takes this back.
  package var sharedFailures = 3
  /// Images of registries that did not answer when they were asked before, a set for each registry. Pods of their own
  /// pull them, after all others: a kubelet reports nothing of a pod's other images while it waits for such a registry.
  package var apart: [Set<Int>] = []
  /// Images whose registry has no address here either: a node that says the same is believed as if it were final.
  package var unknownHosts: Set<Int> = []
  /// How long a node whose time is over may take to prove which images it holds without a report having said so.
  package var proofTimeout = Duration.seconds(20)

  package init() {}
}
