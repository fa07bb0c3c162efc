package import Warming

extension WarmNode {
  /// What the operator writes as the order of a wish: whose pull it is, and since when, so that another controller can go
  /// on with it.
  package struct Order: Hashable, Sendable, CustomStringConvertible {
    package let prepull: PrepullID
    /// By the API server's clock, since the beginning of 1970; whole milliseconds.
    package let givenAt: Duration

    package init(of prepull: PrepullID, at time: Duration) {
      self.prepull = prepull
      givenAt = .milliseconds(Int64((time / .milliseconds(1)).rounded()))
    }

    /// Nil where it is nobody's that we know.
    package init?(_ text: String) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 4, let milliseconds = Int64(parts[3]) else { return nil }
      prepull = PrepullID(namespace: parts[0], name: parts[1], uid: parts[2])
      givenAt = .milliseconds(milliseconds)
    }

    package var description: String { "\(prepull.key)/\(prepull.uid)/\(Int64(givenAt / .milliseconds(1)))" }
  }
}
