package import ImageModel
package import Warming
package import Kubernetes

/// What a Prepull's spec means: typed, with defaults, checked.
///
/// The API server checks the same by `Schema.prepull`; a Prepull that is older than a rule can still be wrong.
package struct PrepullSettings: Hashable, Sendable {
  package struct Workloads: Hashable, Sendable {
    /// Empty: the Prepull's own.
    package var namespaces: [String]
    /// Of the workloads' labels; empty: all.
    package var selector: [NodeRequirement]
    /// Earlier revisions of each workload that are wanted too.
    package var history = 0
  }

  package struct Window: Hashable, Sendable {
    package var start: CronPattern
    package var duration: Duration
    /// As zoneinfo names it.
    package var timeZone: String
  }

  package struct Gate: Hashable, Sendable {
    /// The taint's key.
    package var startupTaint: String
    package var deadline: Duration
  }

  /// As pods will write them, in order of priority, each once.
  package let images: [String]
  package let workloads: Workloads?
  package let sources: [Source]
  /// By selector; with the tolerations of the spec and that of the gate. Nodes that are not ready are chosen too.
  package let nodes: NodeChoice
  package let mode: Prepull.Mode
  package let engine: Prepull.Engine
  package let fallback: Prepull.Fallback
  package let removal: Prepull.Removal
  /// Whether agents may be given passwords of pull secrets.
  package let allowsPasswords: Bool
  package let imagePullPolicy: PullPolicy
  /// Names of pull secrets in the Prepull's namespace.
  package let imagePullSecrets: [String]
  /// For one pod on one node.
  package let nodeTimeout: Duration
  /// The same on a Windows node.
  package let windowsTimeout: Duration
  /// How often a failed image is tried again on a node before it counts as failed there.
  package let backoffLimit: Int
  /// Nodes at a time.
  package let parallelism: Parallelism
  /// Nodes at a time that pull from the same registry, over all Prepulls.
  package let registryParallelism: Int
  /// Nodes of each platform that pull an image first; 0: all may begin at once.
  package let seeds: Int
  /// How many nodes may fail before no further one is begun.
  package let maxFailures: Parallelism
  /// Higher goes first.
  package let priority: Int
  /// How often tags are resolved again; nil is never.
  package let refreshInterval: Duration?
  /// How often nodes prove what they hold; nil is never.
  package let verifyInterval: Duration?
  package let gate: Gate?
  /// Times in which nodes are begun; at any time when empty.
  package let windows: [Window]
  package let windowPolicy: Prepull.WindowPolicy
  package let podTemplate: PodTemplateOptions
  package let isSuspended: Bool
  /// After which a finished Prepull is deleted; nil is never.
  package let ttlAfterFinished: Duration?

  package init(_ spec: Prepull.Spec) throws(SpecError) {
    var seen: Set<String> = []
    images = (spec.images ?? []).map(\.image).filter { seen.insert($0).inserted }
    if let empty = images.firstIndex(of: "") {
      throw SpecError("spec.images[\(empty)].image", "is empty; name an image as pods write it")
    }
    if images.isEmpty, spec.workloads == nil, spec.sources?.isEmpty ?? true {
      throw SpecError("spec.images", "is empty; name at least one image, or set spec.workloads or spec.sources")
    }
    workloads = try Self.workloads(spec.workloads)
    sources = try Self.sources(spec.sources)
    mode = try Self.choice(spec.mode, or: .keep, "spec.mode")
    engine = try Self.choice(spec.engine, or: .kubelet, "spec.engine")
    fallback = try Self.choice(spec.fallback, or: .none, "spec.fallback")
    removal = try Self.choice(spec.removal, or: .never, "spec.removal")
    allowsPasswords = spec.allowPasswords ?? false
    imagePullPolicy = try Self.choice(spec.imagePullPolicy, or: .ifNotPresent, "spec.imagePullPolicy")
    imagePullSecrets = (spec.imagePullSecrets ?? []).map(\.name)
    let timeout = try Self.duration(spec.nodeTimeout, "spec.nodeTimeout", least: .seconds(1))
    nodeTimeout = timeout ?? Defaults.nodeTimeout
    windowsTimeout = timeout ?? FleetPlan.standardWindowsTimeout
    backoffLimit = try Self.count(spec.backoffLimit, "spec.backoffLimit", least: 0) ?? Defaults.backoffLimit
    parallelism = try Self.share(spec.parallelism, or: Defaults.parallelism, "spec.parallelism")
    registryParallelism =
      try Self.count(spec.registryParallelism, "spec.registryParallelism", least: 1) ?? Defaults.registryParallelism
    seeds = try Self.count(spec.seeds, "spec.seeds", least: 0) ?? 0
    maxFailures = try Self.share(spec.maxFailures, or: Defaults.maxFailures, "spec.maxFailures", least: 0)
    priority = spec.priority ?? 0
    gate = try Self.gate(spec.gate)
    windows = try Self.windows(spec.windows)
    windowPolicy = try Self.choice(spec.windowPolicy, or: .rollouts, "spec.windowPolicy")
    podTemplate = try Self.podTemplate(spec.podTemplate)
    isSuspended = spec.suspend ?? false
    refreshInterval = try Self.duration(spec.refreshInterval, "spec.refreshInterval", least: .seconds(1))
    let verify = try Self.duration(spec.verifyInterval, "spec.verifyInterval", least: .zero)
    verifyInterval = mode == .once || verify == .zero ? nil : verify ?? Defaults.verifyInterval
    ttlAfterFinished = try Self.count(spec.ttlSecondsAfterFinished, "spec.ttlSecondsAfterFinished", least: 0)
      .map { .seconds($0) }
    nodes = try Self.choice(of: spec.nodes, gate: gate)
    try Self.check(spec, mode)
  }
}

extension PrepullSettings {
  /// What holds where the spec says nothing; `Schema.prepull` fills in the same, but for `nodeTimeout`.
  package enum Defaults {
    package static let nodeTimeout = Duration.seconds(1800)
    package static let backoffLimit = 5
    package static let parallelism = Parallelism.percent(10)
    package static let registryParallelism = 20
    package static let maxFailures = Parallelism.percent(20)
    /// For mode Keep.
    package static let verifyInterval = Duration.seconds(6 * 3600)
    package static let gateDeadline = Duration.seconds(600)
    /// Of all durations.
    package static let longest = Duration.seconds(8760 * 3600)
  }
}
