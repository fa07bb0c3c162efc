package import ImageModel

/// What is remembered of a node: what a WarmNode holds.
///
/// Times are since the Unix epoch.
package struct NodeRecord: Hashable, Sendable {
  /// How an image stands on the node, over all Prepulls that want it. The worst one counts.
  package enum State: String, Hashable, Sendable { case warm, stale, pending, failed, unsupported }

  package struct Failure: Hashable, Sendable {
    /// `namespace/name` of the Prepull whose pod failed.
    package var prepull: String
    package var failure: WarmFailure
    package var nature: FailureNature
    /// Pods that failed for it so far.
    package var tries: Int
    /// When it is tried again; never when nil.
    package var retryAt: Duration?

    package init(prepull: String, failure: WarmFailure, nature: FailureNature, tries: Int, retryAt: Duration?) {
      self.prepull = prepull
      self.failure = failure
      self.nature = nature
      self.tries = tries
      self.retryAt = retryAt
    }
  }

  /// What the node holds under a reference.
  package struct Held: Hashable, Sendable {
    /// Nil when the runtime stated none.
    package var digest: Digest?
    /// When a pod of ours found this digest there first.
    package var since: Duration
    /// How long its pull took, where the kubelet said so.
    package var pullSeconds: Double?
    package var bytes: Int64?
    /// The pull secrets for which pods proved it, ascending.
    package var access: [PullAccess]

    package init(
      digest: Digest?, since: Duration, pullSeconds: Double? = nil, bytes: Int64? = nil,
      access: [PullAccess] = [.anonymous]
    ) {
      self.digest = digest
      self.since = since
      self.pullSeconds = pullSeconds
      self.bytes = bytes
      self.access = access
    }
  }

  package struct Image: Hashable, Sendable {
    package var reference: String
    /// To be shown; the machine does not read it back.
    package var state: State
    /// Keys of the Prepulls, sorted. To be shown; the machine does not read it back.
    package var wantedBy: [String]
    package var held: Held?
    package var failures: [Failure]

    package init(
      reference: String, state: State, wantedBy: [String] = [], held: Held? = nil, failures: [Failure] = []
    ) {
      self.reference = reference
      self.state = state
      self.wantedBy = wantedBy
      self.held = held
      self.failures = failures
    }
  }

  package struct Gate: Hashable, Sendable {
    /// Key of the taint.
    package var taint: String
    /// When the taint was first seen.
    package var since: Duration
    /// When it was seen to be gone.
    package var openedAt: Duration?
    package var reason: GateOpening.Reason?

    package init(taint: String, since: Duration, openedAt: Duration? = nil, reason: GateOpening.Reason? = nil) {
      self.taint = taint
      self.since = since
      self.openedAt = openedAt
      self.reason = reason
    }
  }

  package var node: String
  /// Of the Node object: under another one, all this is about a machine that is gone.
  package var uid: String
  package var images: [Image] = []
  /// When pods last proved all that is held.
  package var verifiedAt: Duration?
  /// When the node held all that was wanted of it for the first time.
  package var warmedAt: Duration?
  /// Images that the node's agent was told to hold. Not of the status.
  package var ordered: [String] = []
  /// One per taint; nearly always one or none.
  package var gates: [Gate] = []

  package init(node: String, uid: String) {
    self.node = node
    self.uid = uid
  }

  /// Whether no Prepull claims anything of it: the WarmNode may go.
  package var isEmpty: Bool { images.isEmpty && gates.isEmpty }

  /// Images that are warm.
  package var warm: Int { images.count { $0.state == .warm } }
  /// Images that could be.
  package var wanted: Int { images.count { $0.state != .unsupported } }
}

/// A node's taint to be removed, and why.
package struct GateOpening: Hashable, Sendable {
  package enum Reason: String, Hashable, Sendable {
    case warm = "Warm"
    /// The node is cold, but was kept back long enough.
    case deadlinePassed = "DeadlinePassed"
    /// No Prepull waits for the node any more.
    case unclaimed = "Unclaimed"
  }

  package let node: String
  package let uid: String
  /// Key of the taint.
  package let taint: String
  package let reason: Reason
  /// For how long the node was kept back.
  package let waited: Duration

  package init(node: String, uid: String, taint: String, reason: Reason, waited: Duration) {
    self.node = node
    self.uid = uid
    self.taint = taint
    self.reason = reason
    self.waited = waited
  }
}
