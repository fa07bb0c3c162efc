package import Engines
import Kubernetes
package import Planning

/// What a Prepull's spec means: typed, with defaults, checked.
///
/// The API server checks the same by `Schema.prepull`; a Prepull that is older than a rule can still be wrong.
package struct PrepullSettings: Hashable, Sendable {
  package struct Discovery: Hashable, Sendable {
    /// Empty: the Prepull's own.
    package var namespaces: [String]
    /// Of the workloads' labels; empty: all.
    package var selector: [NodeRequirement]
    /// Earlier revisions of each workload that are wanted too.
    package var history = 0
  }

  package struct Gate: Hashable, Sendable {
    /// The taint's key.
    package var taint: String
    package var deadline: Duration
  }

  /// As pods will write them, in order of priority, each once.
  package let images: [String]
  package let discover: Discovery?
  /// By selector; with the tolerations of the spec and that of the gate. Nodes that are not ready are chosen too.
  package let nodes: NodeChoice
  package let mode: Prepull.Mode
  package let engine: Prepull.Engine
  package let policy: PullPolicy
  /// Names of pull secrets in the Prepull's namespace.
  package let secrets: [String]
  /// For one pod on one node.
  package let timeout: Duration
  /// Pods that may fail on a node for an image before it counts as failed.
  package let retries: Int
  /// Nodes at a time.
  package let parallelism: Parallelism
  /// Nodes at a time that pull from the same registry, over all Prepulls.
  package let perRegistry: Int
  /// How many nodes may fail before no further one is begun.
  package let maxFailures: Parallelism
  /// Higher goes first.
  package let priority: Int
  /// How often tags are resolved anew; nil is never.
  package let refreshEvery: Duration?
  /// How often nodes prove what they hold; nil is never.
  package let verifyEvery: Duration?
  package let gate: Gate?
  package let podTemplate: PodTemplateOptions
  package let isSuspended: Bool
  /// After which a finished Prepull is deleted; nil is never.
  package let ttlAfterFinished: Duration?

  package init(_ spec: Prepull.Spec) throws(SpecError) {
    var seen: Set<String> = []
    images = (spec.images ?? []).map(\.reference).filter { seen.insert($0).inserted }
    if let empty = images.firstIndex(of: "") {
      throw SpecError("spec.images[\(empty)].reference", "is empty; name an image as pods write it")
    }
    if images.isEmpty, spec.discover == nil {
      throw SpecError("spec.images", "is empty; name at least one image, or set spec.discover")
    }
    discover = try Self.discovery(spec.discover)
    mode = try Self.choice(spec.mode, or: .keep, "spec.mode")
    engine = try Self.choice(spec.engine, or: .kubelet, "spec.engine")
    policy = try Self.choice(spec.pull?.policy, or: .ifNotPresent, "spec.pull.policy")
    secrets = (spec.pull?.secrets ?? []).map(\.name)
    timeout = try Self.duration(spec.pull?.timeout, "spec.pull.timeout", least: .seconds(1)) ?? Defaults.timeout
    retries = try Self.count(spec.pull?.retries, or: Defaults.retries, "spec.pull.retries", least: 1)
    parallelism = try Self.share(spec.pacing?.parallelism, or: Defaults.parallelism, "spec.pacing.parallelism")
    perRegistry = try Self.count(
      spec.pacing?.perRegistry, or: Defaults.perRegistry, "spec.pacing.perRegistry", least: 1)
    maxFailures = try Self.share(
      spec.pacing?.maxFailures, or: Defaults.maxFailures, "spec.pacing.maxFailures", least: 0)
    priority = spec.priority ?? 0
    gate = try Self.gate(spec.gate)
    podTemplate = try Self.podTemplate(spec.podTemplate)
    isSuspended = spec.suspend ?? false
    refreshEvery = try Self.duration(spec.refresh?.every, "spec.refresh.every", least: .seconds(1))
    let verify = try Self.duration(spec.verify?.every, "spec.verify.every", least: .zero)
    verifyEvery = mode == .once || verify == .zero ? nil : verify ?? Defaults.verifyEvery
    ttlAfterFinished = try Self.duration(spec.ttlAfterFinished, "spec.ttlAfterFinished", least: .zero)
    nodes = try Self.choice(of: spec.nodes, gate: gate)
    try Self.check(spec, mode)
  }
}

extension PrepullSettings {
  /// What holds where the spec says nothing; `Schema.prepull` fills in the same.
  package enum Defaults {
    package static let timeout = Duration.seconds(1800)
    package static let retries = 5
    package static let parallelism = Parallelism.percent(10)
    package static let perRegistry = 20
    package static let maxFailures = Parallelism.percent(20)
    /// For mode Keep.
    package static let verifyEvery = Duration.seconds(6 * 3600)
    package static let gateDeadline = Duration.seconds(600)
    /// Of all durations.
    package static let longest = Duration.seconds(8760 * 3600)
  }
}
