import Kubernetes
package import Planning

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was seen of a cluster's images, as it is kept in a file: enough to go on where it was left.
package struct UsageRecord: Codable, Hashable, Sendable {
  /// Of the form; a later one may mean something else.
  package static let currentVersion = 1

  package private(set) var version = Self.currentVersion
  /// The uid of the namespace kube-system, by which people tell clusters apart; nil where it could not be read.
  package var cluster: String?
  /// Nil for all.
  package var namespace: String?
  /// The newest event that was read, by reason.
  private var seen: [String: Int64] = [:]
  package var history = UsageHistory()

  package init(cluster: String? = nil, namespace: String? = nil) {
    self.cluster = cluster
    self.namespace = namespace
  }

  /// Whether an event from a list was not counted yet.
  ///
  /// A container that restarts counts its event up; the start that matters was its first.
  func isNews(_ event: Event, _ reason: String) -> Bool {
    if let last = seen[reason], event.version > 0, event.version <= last { return false }
    guard event.count ?? 1 > 1, let until = history.watchedUntil else { return true }
    let first = (event.firstTimestamp ?? event.metadata.creationTimestamp).flatMap(Timestamp.date)
    return first.map { $0.timeIntervalSince1970 > until } ?? true
  }

  mutating func saw(_ reason: String, upTo version: Int64) {
    seen[reason] = max(seen[reason] ?? 0, version)
  }
}
