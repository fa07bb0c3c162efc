package import ImageModel

extension FleetMachine {
  /// What was seen, or done.
  package enum Input: Hashable, Sendable {
    /// What a WarmNode says; before `synced` only.
    case remembered(NodeRecord)
    /// A Prepull is there, or changed.
    case prepull(PrepullID, FleetPlan)
    /// A Prepull is gone or being deleted: `Action.cleared` says when nothing of it is left.
    case prepullGone(PrepullID)
    case node(FleetNode)
    /// Nodes that are there, before any of them is begun.
    case nodes([FleetNode])
    case nodeGone(String)
    /// One of our pods, in a new state. Also answers a create that found the pod to be there already.
    case pod(FleetPod)
    /// A pod is not there any more. Answers each `Action.delete`.
    case podGone(FleetPod.ID, uid: String?)
    case podCreated(FleetPod.ID, uid: String)
    case podRefused(FleetPod.ID, CreationFailure)
    /// The record of this serial, or a later one, is stored.
    case recorded(node: String, serial: Int)
    /// A pod of others, by its name, pulls its images on a node; nil when none does any more.
    case busy(node: String, by: String?)
    /// What the agent of a node says of images that no order is at.
    case agentSaid(node: String, nodeUID: String, [AgentImage])
    /// Something hints that a node lost images.
    case suspect(node: String)
    /// What the kubelet said of a pull: how long it took, how many bytes the image has.
    case pulled(FleetPod.ID, reference: String, seconds: Double?, bytes: Int64?)
    /// The kubelet says that it pulls an image, or that it is there. Of a rollout only, as what follows.
    case moved(FleetPod.ID, reference: String, isPulled: Bool)
    /// An event tells of a failed pull: so many of them by now in the pod.
    case failing(FleetPod.ID, reference: String, WarmFailure, FailureNature, count: Int)
    /// A warning about a pod that tells why nothing moves.
    case warned(FleetPod.ID, String)
    /// Begin nothing any more.
    case stop(StopReason)
    /// All Prepulls, nodes, pods and WarmNodes that are there have been reported. Nothing is done before.
    case synced
    /// Time went on.
    case tick
  }

  /// What to do, or to report.
  package enum Action: Hashable, Sendable {
    /// Answered by `podCreated`, `podRefused` or `pod`.
    case create(PodOrder)
    /// Answered by `podGone`. Without a uid, whatever pod has the name.
    case delete(FleetPod.ID, uid: String?)
    /// `wishes(of:)` changed: the node's agent is to be told.
    case wishes(node: String)
    /// `record(of:)` is to be stored, so long from now at the latest, and answered by `recorded`.
    case record(node: String, serial: Int, within: Duration)
    /// `summary(of:)` changed.
    case summary(PrepullID)
    case openGate(GateOpening)
    /// The condition `prepull.dev/Warm` is to say this; nil takes it away, as no Prepull wants anything there.
    case mark(node: String, uid: String, isWarm: Bool?, message: String)
    /// Nothing is left of a Prepull that is gone: no pod, no claim in a WarmNode.
    case cleared(PrepullID)
    case report(FleetEvent)
    case rollout(RolloutReport)
  }

  /// Sizes of queues, for metrics.
  package struct Depths: Hashable, Sendable {
    /// Pods that are there or being made.
    package var pods = 0
    /// Work that waits for a place.
    package var queued = 0
    /// Records that are not stored yet.
    package var unrecorded = 0
  }
}
