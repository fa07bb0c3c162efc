/// What a kubelet reported of one container's image.
package struct ImageStart: Hashable, Sendable {
  package enum Outcome: Hashable, Sendable {
    case found
    /// `pull` is the time of the pull alone, `wait` that with the wait for other pulls.
    case pulled(pull: Duration?, wait: Duration?)
    case failed
  }

  /// As the pod writes it.
  package let image: String
  package let outcome: Outcome
  /// Seconds since 1970, by the node's clock.
  package let time: Double
  package let bytes: Int64?
  /// Whether the node had joined within `newNodeAge` before.
  package var isOnNewNode: Bool

  /// As long a node counts as new: the pods that it was made for start in this time. Seconds.
  package static let newNodeAge = 600.0

  package init(image: String, outcome: Outcome, time: Double, bytes: Int64? = nil, isOnNewNode: Bool = false) {
    self.image = image
    self.outcome = outcome
    self.time = time
    self.bytes = bytes
    self.isOnNewNode = isOnNewNode
  }
}
