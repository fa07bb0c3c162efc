package import ImageModel
package import Kubernetes

/// What one of our pods says at one moment of its images and of itself.
package struct PodReading: Hashable, Sendable {
  package enum Phase: Hashable, Sendable {
    case pending, running
    /// Every container ran, so every image is there.
    case succeeded
    /// It ended without its images being at fault (`OutOfpods`, `Evicted`), and why.
    case failed(reason: String)
  }

  package struct Image: Hashable, Sendable {
    /// The name of the container that is there for it.
    package let container: String
    package let reference: String
    package let policy: Container.PullPolicy?
    package let report: Report
  }

  package enum Report: Hashable, Sendable {
    case waiting
    /// The node has the image; nil where the pod does not say which one it is.
    case present(ImageIdentity?)
    /// Tries of the kubelet failed.
    case failing(PullFailures)
  }

  /// In the order of the containers.
  package let images: [Image]
  package let isScheduled: Bool
  /// What the scheduler says against its node.
  package let unschedulable: String?
  package let phase: Phase
  package let isBeingDeleted: Bool
}

/// Failures of one image within one pod. The kubelet reports each twice, in the pod's status and in an event; either
/// may be missed.
package struct PullFailures: Hashable, Sendable {
  /// The last one.
  package let failure: WarmFailure
  package let nature: FailureNature
  package let inStatus: Int
  package let inEvents: Int

  package var count: Int { max(inStatus, inEvents) }
}
