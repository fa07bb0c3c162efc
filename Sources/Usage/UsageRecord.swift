import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was seen of a cluster's images, as it is kept in a file: enough to go on where it was left.
package struct UsageRecord: Codable, Hashable, Sendable {
  private struct Mark: Codable, Hashable, Sendable {
    /// Of the newest event.
    var version: Int64
    /// Seconds since 1970.
    var time: Double
  }

  /// Of the form; a later one may mean something else.
  package static let currentVersion = 1

  package private(set) var version = Self.currentVersion
  /// The uid of the namespace kube-system, by which people tell clusters apart; nil where it could not be read.
  package var cluster: String?
  /// Nil for all.
  package var namespace: String?
  /// A selector of pods; nil for all.
  package var labels: String?
  /// By reason, up to where events were read.
  private var seen: [String: Mark] = [:]
  package var history = UsageHistory()

  package init(cluster: String? = nil, namespace: String? = nil, labels: String? = nil) {
    self.cluster = cluster
    self.namespace = namespace
    self.labels = labels
  }

  /// Whether an event from a list was not counted yet.
  ///
  /// A container that restarts counts its event up; the start that matters was its first.
  func isNews(_ event: Event, _ reason: String) -> Bool {
    guard let last = seen[reason] else { return true }
    if event.version > 0, event.version <= last.version { return false }
    guard event.count ?? 1 > 1 else { return true }
    let first = (event.firstTimestamp ?? event.metadata.creationTimestamp).flatMap(Timestamp.date)
    return first.map { $0.timeIntervalSince1970 > last.time } ?? true
  }

  mutating func saw(_ reason: String, upTo version: Int64, at time: Double) {
    seen[reason] = Mark(version: max(seen[reason]?.version ?? 0, version), time: time)
  }
}
