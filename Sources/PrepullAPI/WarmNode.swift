package import Kubernetes

/// What a node holds of what it should: the per-node half of the status of all Prepulls.
///
/// Cluster-scoped, named after its node and owned by it. `spec` is what the node's agent shall hold, written by the
/// controller; `status` is what kubelets and agents proved, written by the controller too, and `status.agent` what the
/// agent sees, written by it: two managers of server-side apply, each at most twice per node and wave, whatever the
/// number of images.
package struct WarmNode: Resource {
  package static let apiVersion = "prepull.dev/v1alpha1"
  package static let kind = "WarmNode"
  package static let plural = "warmnodes"
  package static let isNamespaced = false

  package enum ImageState: String, Codable, CaseIterable, Sendable {
    case warm = "Warm"
    case stale = "Stale"
    case pending = "Pending"
    case failed = "Failed"
    case unsupported = "Unsupported"
  }

  package struct Failure: Codable, Hashable, Sendable {
    /// `namespace/name` of the Prepull whose pod failed.
    package var prepull: String
    /// One word in CamelCase: `NotFound`, `Denied`, `NoSpace`.
    package var reason: String
    package var message: String
    /// Pods that failed for it so far.
    package var tries: Int
    /// When it is tried again; never when nil. RFC 3339.
    package var retryAfter: String?

    package init(prepull: String, reason: String, message: String, tries: Int, retryAfter: String? = nil) {
      self.prepull = prepull
      self.reason = reason
      self.message = message
      self.tries = tries
      self.retryAfter = retryAfter
    }
  }

  package struct Image: Codable, Hashable, Sendable {
    package var image: String
    package var state: ImageState
    /// What the node's runtime holds.
    package var digest: String?
    /// When a pod of ours found it there first. RFC 3339.
    package var warmSince: String?
    /// How long its pull took, in seconds, where the kubelet said so.
    package var pullSeconds: Double?
    /// The pull secrets with which pods found it there; nil when pods without secrets did, and no others.
    package var pulledWith: [Access]?
    /// `namespace/name` of the Prepulls that want it.
    package var wantedBy: [String]?
    package var failures: [Failure]?

    package init(image: String, state: ImageState) {
      self.image = image
      self.state = state
    }
  }

  /// Pull secrets of a pod.
  package struct Access: Codable, Hashable, Sendable {
    /// Nil without secrets.
    package var namespace: String?
    package var secrets: [String]

    package init(namespace: String?, secrets: [String]) {
      self.namespace = namespace
      self.secrets = secrets
    }
  }

  package struct Gate: Codable, Hashable, Sendable {
    package var startupTaint: String
    /// When the taint was first seen. RFC 3339.
    package var since: String
    /// When it was removed. RFC 3339.
    package var openedAt: String?
    /// `Closed`, or why it was opened: `Warm`, `DeadlinePassed` or `Unclaimed`.
    package var reason: String?

    package init(startupTaint: String, since: String) {
      self.startupTaint = startupTaint
      self.since = since
    }
  }

  package struct Status: Codable, Hashable, Sendable {
    /// Of the Node object: another one under the same name is another machine.
    package var nodeUID: String?
    package var architecture: String?
    /// Images that are wanted here and have something for this platform.
    package var desired: Int?
    /// Those of them that are here.
    package var warm: Int?
    package var conditions: [APICondition]?
    /// When a check pod last proved what is here. RFC 3339.
    package var verifiedAt: String?
    /// When all that was wanted here was there for the first time. RFC 3339.
    package var firstWarmAt: String?
    /// One for each key, as several Prepulls may wait at the same node.
    package var gates: [Gate]?
    package var images: [Image]?
    /// What the node's agent says; written by it only.
    package var agent: Agent?

    package init() {}

    /// The one that matters most: the first that is shut, else the last.
    package var gate: Gate? { gates?.first { $0.openedAt == nil } ?? gates?.last }
  }

  package var metadata: ObjectMeta
  package var spec: Spec?
  package var status: Status?

  package init(metadata: ObjectMeta) { self.metadata = metadata }
}
