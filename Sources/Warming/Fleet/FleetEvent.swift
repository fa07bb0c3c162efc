package import ImageModel

/// What happened, for Events and metrics.
package enum FleetEvent: Hashable, Sendable {
  /// An image was found on a node by a pod that pulled it; reported once for each pull.
  case imageWarm(PrepullID, node: String, reference: String)
  /// A pod ended without an image; `tries` of them so far. `isFailed`: it counts as failed from now on.
  case imageFailed(PrepullID, node: String, reference: String, WarmFailure, tries: Int, isFailed: Bool)
  /// A node held all that it is to hold, for the first time, so long after it was made. Reported once in its life.
  case nodeWarm(node: String, after: Duration)
  /// A verify pod did not find an image that was there before.
  case imageLost(PrepullID, node: String, reference: String)
  /// A node that pulled again got another digest than the resolved one: the tag moved, so it should be resolved again.
  case digestMoved(PrepullID, node: String, reference: String)
  /// No further node tries this image, but one at a time, until one gets it.
  case imageRefused(PrepullID, reference: String, WarmFailure)
  case refusalLifted(PrepullID, reference: String)
  /// A pod ended without its images being at fault.
  case podLost(PrepullID, node: String, reason: String, retryAt: Duration)
  case paused(PrepullID, failed: Int, wanted: Int)
  case resumed(PrepullID)
  /// Mode once is done.
  case completed(PrepullID)
}
