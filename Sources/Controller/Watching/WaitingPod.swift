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
    var initContainerStatuses: [ContainerStatus]?
    var containerStatuses: [ContainerStatus]?
  }

  var metadata: ObjectMeta
  var spec: Spec
  var status: Status?

  /// References of the images, each once.
  var images: Set<String> {
    Set(((spec.initContainers ?? []) + (spec.containers ?? [])).compactMap(\.image))
  }

  /// Whether the kubelet may be at its images: it is bound to a node, and a container waits to be made.
  var waitsForImages: Bool {
    guard spec.nodeName != nil, status?.phase ?? "Pending" == "Pending", metadata.deletionTimestamp == nil else {
      return false
    }
    let statuses = (status?.initContainerStatuses ?? []) + (status?.containerStatuses ?? [])
    // Its kubelet has not looked at it yet.
    if statuses.isEmpty { return true }
    return statuses.contains { ["ContainerCreating", "PodInitializing"].contains($0.state?.waiting?.reason) }
  }
}
