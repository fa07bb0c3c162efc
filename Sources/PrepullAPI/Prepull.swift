package import Kubernetes

/// Which images should be on which nodes, and for how long: the object that users write.
///
/// Namespaced; pull secrets are those of its namespace. Everything is as it is written, and optional; what it means is
/// `PrepullSettings`. `Schema.prepull` says the same for the API server.
package struct Prepull: Resource {
  package static let apiVersion = "prepull.dev/v1alpha1"
  package static let kind = "Prepull"
  package static let plural = "prepulls"

  package enum Mode: String, Codable, CaseIterable, Sendable {
    /// Warms the nodes that are there, and is done.
    case once = "Once"
    /// Stays: new nodes, moved tags, images lost to garbage collection.
    case keep = "Keep"
  }

  /// By which means nodes pull.
  package enum Engine: String, Codable, CaseIterable, Sendable {
    /// A pod that names the images: the node's kubelet pulls.
    case kubelet = "Kubelet"
    /// The node's agent, `prepulld agent`, pulls through the runtime.
    case agent = "Agent"
  }

  /// What becomes of nodes without an agent, where the engine is `Agent`.
  package enum Fallback: String, Codable, CaseIterable, Sendable {
    /// Their kubelets pull.
    case kubelet = "Kubelet"
    /// They are unsupported.
    case none = "None"
  }

  /// What becomes of images that nobody wants any more, where the engine is `Agent`.
  package enum Removal: String, Codable, CaseIterable, Sendable {
    case never = "Never"
    /// What an agent pulled, no Prepull wants and no container uses is removed after a grace.
    case unused = "Unused"
  }

  /// What waits for a window.
  package enum WindowPolicy: String, Codable, CaseIterable, Sendable {
    /// All but gates, and images that a node lost.
    case rollouts = "Rollouts"
    case all = "All"
  }

  /// A time in which nodes are begun.
  package struct Window: Codable, Hashable, Sendable {
    /// When it opens, as the schedule of a CronJob.
    package var start: String
    /// A duration.
    package var duration: String
    /// UTC when nil.
    package var timeZone: String?

    package init(start: String, duration: String, timeZone: String? = nil) {
      (self.start, self.duration, self.timeZone) = (start, duration, timeZone)
    }
  }

  package struct Image: Codable, Hashable, Sendable {
    /// The reference as pods will write it.
    package var image: String

    package init(image: String) { self.image = image }
  }

  /// Adds the images that workloads use.
  package struct Workloads: Codable, Hashable, Sendable {
    /// The Prepull's own when nil or empty.
    package var namespaces: [String]?
    /// Of the workloads' labels; all when nil.
    package var selector: LabelSelector?
    /// Earlier revisions of each workload whose images are wanted too. 0 when nil.
    package var history: Int?

    package init() {}
  }

  package struct Nodes: Codable, Hashable, Sendable {
    /// Of the nodes' labels; all when nil.
    package var selector: LabelSelector?
    /// On top of those of every pod of a DaemonSet.
    package var tolerations: [Toleration]?

    package init() {}
  }

  package struct Gate: Codable, Hashable, Sendable {
    /// The key of the taint that new nodes have until they are warm.
    package var startupTaint: String
    /// After which the taint is removed although the node is cold. A duration.
    package var deadline: String?

    package init(startupTaint: String, deadline: String? = nil) {
      self.startupTaint = startupTaint
      self.deadline = deadline
    }
  }

  /// What puller pods get, so that quotas, LimitRanges and admission policies take them.
  package struct PodTemplate: Codable, Hashable, Sendable {
    package var labels: StringMap?
    package var annotations: StringMap?
    /// Of every container.
    package var resources: Resources?

    package init() {}
  }

  /// Quantities by the names of resources.
  package struct Resources: Codable, Hashable, Sendable {
    package var requests: [String: IntOrString]?
    package var limits: [String: IntOrString]?

    package init() {}
  }

  package struct Spec: Codable, Hashable, Sendable {
    /// In order of priority.
    package var images: [Image]?
    package var workloads: Workloads?
    /// What else names images, asked again and again.
    package var sources: [Source]?
    package var nodes: Nodes?
    /// A `Mode`; a text, so that a value that we do not know cannot make the object unreadable. `Keep` when nil.
    package var mode: String?
    /// An `Engine`. `Kubelet` when nil.
    package var engine: String?
    /// A `Fallback`. `None` when nil.
    package var fallback: String?
    /// A `Removal`. `Never` when nil.
    package var removal: String?
    /// Whether agents may be given the passwords of pull secrets where a registry has no tokens. False when nil.
    package var allowPasswords: Bool?
    /// `IfNotPresent` or `Always`.
    package var imagePullPolicy: String?
    /// Secrets of the Prepull's namespace, as `imagePullSecrets` of a pod.
    package var imagePullSecrets: [LocalObjectReference]?
    /// How often a failed image is tried again on a node before it counts as failed there.
    package var backoffLimit: Int?
    /// For one pod on one node. A duration as Go writes it: `30m`.
    package var nodeTimeout: String?
    /// Nodes at a time: `20` or `10%`.
    package var parallelism: IntOrString?
    /// Nodes at a time that pull from the same registry, whichever Prepull they do it for.
    package var registryParallelism: Int?
    /// Nodes of each platform that pull an image first, before twice as many do, and so on. 0 when nil: none.
    package var seeds: Int?
    /// How many nodes may fail before no further one is begun.
    package var maxFailures: IntOrString?
    /// Higher goes first. 0 when nil.
    package var priority: Int?
    /// How often tags are resolved again; never when nil. A duration.
    package var refreshInterval: String?
    /// How often nodes prove that they still hold the images; `0s` is never. A duration.
    package var verifyInterval: String?
    package var gate: Gate?
    package var podTemplate: PodTemplate?
    /// Times in which nodes are begun; at any time when nil or empty.
    package var windows: [Window]?
    /// A `WindowPolicy`. `Rollouts` when nil.
    package var windowPolicy: String?
    /// Begins nothing new while it is true.
    package var suspend: Bool?
    /// After which a finished Prepull of mode Once is deleted; never when nil.
    package var ttlSecondsAfterFinished: Int?

    package init() {}
  }

  package struct NodeCounts: Codable, Hashable, Sendable {
    package var desired = 0
    package var warm = 0
    package var pulling = 0
    package var pending = 0
    package var failed = 0
    /// Cold, and cordoned or not ready.
    package var unreachable = 0
    package var unsupported = 0

    package init() {}
  }

  package struct ImageStatus: Codable, Hashable, Sendable {
    package var image: String
    /// What the reference resolved to, the same for all nodes.
    package var digest: String?
    /// Compressed, of the largest platform.
    package var sizeBytes: Int64?
    package var warm = 0
    package var failed = 0
    package var unsupported: Int?
    /// One word in CamelCase when something is wrong with it.
    package var reason: String?
    package var message: String?
    /// Why it is wanted: `spec`, `Deployment web/front (app)`.
    package var wantedBy: [String]?
    /// When its tag was last resolved. RFC 3339.
    package var resolvedAt: String?

    package init(image: String) { self.image = image }
  }

  package struct Status: Codable, Hashable, Sendable {
    package var observedGeneration: Int64?
    /// `Ready`, `Progressing`, `Degraded`, `Complete`.
    package var conditions: [APICondition]?
    package var nodes: NodeCounts?
    package var images: [ImageStatus]?
    /// One for each of the spec, in their order.
    package var sources: [SourceStatus]?
    /// When a Prepull of mode Once was done. RFC 3339.
    package var finishedAt: String?

    package init() {}
  }

  package var metadata: ObjectMeta
  package var spec: Spec
  package var status: Status?

  package init(metadata: ObjectMeta, spec: Spec) {
    self.metadata = metadata
    self.spec = spec
  }
}
