/// A pod.
package struct Pod: Resource {
  package static let apiVersion = "v1"
  package static let kind = "Pod"
  package static let plural = "pods"

  package var metadata: ObjectMeta
  package var spec: PodSpec
  package var status: PodStatus?

  package init(metadata: ObjectMeta, spec: PodSpec) {
    self.metadata = metadata
    self.spec = spec
  }
}

/// What the scheduler and the kubelet say of a pod.
package struct PodStatus: Codable, Hashable, Sendable {
  /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
  package var phase: String?
  /// `OutOfpods`, `Evicted`, `NodeLost`, `DeadlineExceeded`, …
  package var reason: String?
  package var message: String?
  package var conditions: [Condition]?
  package var startTime: String?
  package var initContainerStatuses: [ContainerStatus]?
  package var containerStatuses: [ContainerStatus]?

  package init() {}
}

/// A condition of a pod, node or other object.
package struct Condition: Codable, Hashable, Sendable {
  package var type: String
  /// `True`, `False`, `Unknown`.
  package var status: String
  package var reason: String?
  package var message: String?
  package var lastTransitionTime: String?

  package init(
    type: String, status: String, reason: String? = nil, message: String? = nil, lastTransitionTime: String? = nil
  ) {
    self.type = type
    self.status = status
    self.reason = reason
    self.message = message
    self.lastTransitionTime = lastTransitionTime
  }
}

/// What the kubelet says of one container.
package struct ContainerStatus: Codable, Hashable, Sendable {
  package struct State: Codable, Hashable, Sendable {
    package struct Waiting: Codable, Hashable, Sendable {
      /// `ContainerCreating`, `ErrImagePull`, `ImagePullBackOff`, `ErrImageNeverPull`, `RunContainerError`, …
      package var reason: String?
      package var message: String?
    }

    package struct Running: Codable, Hashable, Sendable {
      package var startedAt: String?
    }

    package struct Terminated: Codable, Hashable, Sendable {
      package var exitCode: Int
      package var reason: String?
      package var message: String?
      package var startedAt: String?
      package var finishedAt: String?
    }

    package var waiting: Waiting?
    package var running: Running?
    package var terminated: Terminated?
  }

  package var name: String
  package var image: String?
  /// `repository@sha256:…`, or the digest alone; empty until the image is on the node.
  package var imageID: String?
  package var ready: Bool?
  package var restartCount: Int?
  package var state: State?
  package var lastState: State?
}
