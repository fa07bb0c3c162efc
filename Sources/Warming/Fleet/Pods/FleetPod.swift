package import ImageModel

/// One of our pods, as it was seen.
package struct FleetPod: Hashable, Sendable {
  /// What a pod's name is made of, so that the same work never has two pods.
  package struct ID: Hashable, Sendable {
    package let prepull: PrepullID
    package let node: String
    package let nodeUID: String
    /// Differs for each pod of a rollout, whose nodes may have several; 0 else.
    package let serial: Int

    package init(prepull: PrepullID, node: String, nodeUID: String, serial: Int = 0) {
      self.prepull = prepull
      self.node = node
      self.nodeUID = nodeUID
      self.serial = serial
    }
  }

  package enum Purpose: String, Hashable, Sendable {
    case pull = "Pull"
    /// Every image with the policy `Never`: a start proves that it is there. Beside an image whose digest is unclear
    /// stands the same repository at the wanted digest: where both state the same, it is that one.
    case verify = "Verify"
  }

  /// The `imagePullPolicy` of a container.
  package enum Policy: String, Hashable, Sendable {
    case ifNotPresent = "IfNotPresent"
    case always = "Always"
    case never = "Never"
  }

  /// What the pod says about one of its images.
  package enum Report: Hashable, Sendable {
    case waiting
    /// The node has it. No digest when the runtime states none.
    case held(Digest?)
    /// The node has it, but the runtime states the name of other content for it, as the same lies there under several
    /// names: which digest it is has to be proved.
    case unclear
    /// Tries of the kubelet failed, so many of them, and the last one so.
    case failing(WarmFailure, FailureNature, count: Int)
  }

  package typealias Phase = PodReading.Phase

  package struct Image: Hashable, Sendable {
    package var reference: String
    package var policy: Policy
    package var report: Report

    package init(reference: String, policy: Policy, report: Report = .waiting) {
      self.reference = reference
      self.policy = policy
      self.report = report
    }
  }

  package var id: ID
  package var uid: String
  package var purpose: Purpose
  /// Since the Unix epoch, by the API server's clock.
  package var createdAt: Duration
  package var images: [Image]
  package var isScheduled = false
  /// What the scheduler says against its node.
  package var unschedulable: String?
  package var phase = Phase.pending
  package var isBeingDeleted = false
  /// Its pull secrets; nil where they are not known, and taken for those of the Prepull.
  package var access: PullAccess?
  /// It is no pod, but what the node's agent was asked for: see `PodOrder.isForAgent`.
  package var isOfAgent = false

  package init(id: ID, uid: String, purpose: Purpose, createdAt: Duration, images: [Image]) {
    self.id = id
    self.uid = uid
    self.purpose = purpose
    self.createdAt = createdAt
    self.images = images
  }
}

/// A pod to be made.
package struct PodOrder: Hashable, Sendable {
  package struct Image: Hashable, Sendable {
    package let reference: String
    package let policy: FleetPod.Policy

    package init(reference: String, policy: FleetPod.Policy) {
      self.reference = reference
      self.policy = policy
    }
  }

  package let id: FleetPod.ID
  package let purpose: FleetPod.Purpose
  /// At most 50, in the order in which they are pulled.
  package let images: [Image]
  /// Of the node: `amd64`, `windows-amd64`.
  package let machine: String
  /// The pull secrets that it has to have, as what it finds is recorded for these.
  package let access: PullAccess
  /// No pod is made: the node's agent is asked for the images, and what it says of them is told as of a pod.
  package let isForAgent: Bool

  package init(
    id: FleetPod.ID, purpose: FleetPod.Purpose, images: [Image], machine: String,
    access: PullAccess = .anonymous, isForAgent: Bool = false
  ) {
    self.id = id
    self.purpose = purpose
    self.images = images
    self.machine = machine
    self.access = access
    self.isForAgent = isForAgent
  }
}
