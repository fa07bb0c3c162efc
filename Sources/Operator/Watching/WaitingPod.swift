import Kubernetes

/// A pod of somebody else that has not started yet, of which only its images matter.
struct WaitingPod: Resource {
  static let apiVersion = Pod.apiVersion
  static let kind = Pod.kind
  static let plural = Pod.plural

  struct Part: Codable, Hashable, Sendable {
    var name: String
    var image: String?
  }

  struct Spec: Codable, Hashable, Sendable {
    var nodeName: String?
    var initContainers: [Part]?
    var containers: [Part]?
  }

  struct Status: Codable, Hashable, Sendable {
    var phase: String?
    var conditions: [Condition]?
    var initContainerStatuses: [ContainerStatus]?
    var containerStatuses: [ContainerStatus]?
  }

  var metadata: ObjectMeta
  var spec: Spec
  var status: Status?

  /// References of the images, by the names of the containers.
  var images: [String: String] {
    let parts = (spec.initContainers ?? []) + (spec.containers ?? [])
    return Dictionary(parts.compactMap { part in part.image.map { (part.name, $0) } }) { first, _ in first }
  }

  /// Whether its kubelet may have images to pull for it: it is bound to a node, has not started and is not to end.
  var isWaiting: Bool {
    spec.nodeName != nil && status?.phase ?? "Pending" == "Pending" && metadata.deletionTimestamp == nil
  }

  /// When it came to its node, since the Unix epoch; where nobody says so, when it was made.
  var boundAt: Duration? {
    let condition = status?.conditions?.first { $0.type == "PodScheduled" && $0.status == "True" }
    return Duration(timestamp: condition?.lastTransitionTime) ?? Duration(timestamp: metadata.creationTimestamp)
  }

  /// Containers whose status shows that their pull is over, well or badly. Those that wait to be made say nothing:
  /// they may be pulling, or wait for an init container or a volume.
  var pastPull: Set<String> {
    let statuses = (status?.initContainerStatuses ?? []) + (status?.containerStatuses ?? [])
    return Set(
      statuses.filter { status in
        if let imageID = status.imageID, !imageID.isEmpty { return true }
        guard let state = status.state else { return false }
        if state.running != nil || state.terminated != nil { return true }
        guard let reason = state.waiting?.reason else { return false }
        return reason != "ContainerCreating" && reason != "PodInitializing"
      }
      .map(\.name))
  }
}
