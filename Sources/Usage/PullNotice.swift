import Warming
package import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A kubelet's event that tells whether a container's image was on its node, and how long it took to get there.
package struct PullNotice: Sendable {
  package let start: ImageStart
  /// The node, by its name.
  package let node: String?
  package let namespace: String
  package let pod: String
  /// `namespace/name`.
  var podName: String { PodSelection.name(namespace, pod) }
  /// Whether a pod of Prepull's own tells it: warming is no use.
  package let isOwn: Bool

  /// Nil for an event that tells nothing of the kind.
  package init?(_ event: Event) {
    var event = event
    // The kubelet's correlator puts similar events of one pod together.
    let combined = "(combined from similar events): "
    if let message = event.message, message.hasPrefix(combined) {
      event.message = String(message.dropFirst(combined.count))
    }
    guard let report = PodEvent(event), let message = event.message, let image = Self.quoted(in: message),
      let time = (event.lastTimestamp ?? event.firstTimestamp ?? event.metadata.creationTimestamp)
        .flatMap(Timestamp.date)
    else { return nil }
    let outcome: ImageStart.Outcome
    var bytes: Int64?
    switch report.content {
    case .present: outcome = .found
    case .pulled(let pull, let size):
      outcome = .pulled(pull: pull, wait: Self.wait(in: message))
      bytes = size
    case .failed: outcome = .failed
    case .pulling, .warning: return nil
    }
    start = ImageStart(image: image, outcome: outcome, time: time.timeIntervalSince1970, bytes: bytes)
    node = event.source?.host ?? event.reportingInstance
    namespace = event.involvedObject.namespace ?? event.metadata.namespace ?? ""
    pod = report.pod
    isOwn = OwnPods.has(pod: report.pod, container: report.container, image: image)
  }

  /// `nginx:1.27` of `Container image "nginx:1.27" already present on machine`.
  private static func quoted(in message: String) -> String? {
    let parts = message.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 && !parts[1].isEmpty ? String(parts[1]) : nil
  }

  /// Of `… in 4.1s (5.3s including waiting)`: the longer one.
  private static func wait(in message: String) -> Duration? {
    guard let end = message.firstRange(of: " including waiting)"),
      let open = message[..<end.lowerBound].lastIndex(of: "(")
    else { return nil }
    return Duration(goText: message[message.index(after: open)..<end.lowerBound])
  }
}
