package import ImageModel

/// How one node ended.
package enum NodeOutcome: Hashable, Sendable {
  /// It holds every image that it can hold.
  case warm
  /// At least one image is not there, or another one than was resolved.
  case incomplete
  /// No pod of ours came to run there; why.
  case refused(WarmFailure)
  /// The run stopped first.
  case notDone
  /// None of the images, or no pod of ours, can run there.
  case unsupported

  /// Whether nothing is missing that could be there.
  package var isGood: Bool { self == .warm || self == .unsupported }
}

/// Why a run ends before every node had its turn.
package enum StopReason: Hashable, Sendable {
  /// More nodes failed than `maxFailures` allows.
  case maxFailures(failed: Int)
  /// The time of the whole run is over.
  case timedOut(Duration)
  /// No node is to be begun any more at this time of the day.
  case late
  /// The user stopped it.
  case cancelled
  /// The cluster refuses what every node needs: permissions, admission, a namespace that goes away.
  case refused(WarmFailure)
}
