/// A kind of workload: what makes pods, or is one.
package enum WorkloadKind: String, CaseIterable, Comparable, Sendable {
  case deployment = "Deployment"
  case statefulSet = "StatefulSet"
  case daemonSet = "DaemonSet"
  case cronJob = "CronJob"
  case job = "Job"
  case pod = "Pod"
  /// A revision of a Deployment.
  case replicaSet = "ReplicaSet"
  /// A revision of a StatefulSet or DaemonSet.
  case controllerRevision = "ControllerRevision"
  case replicationController = "ReplicationController"

  /// What discovery finds images in: what runs, or will.
  package static let present: [WorkloadKind] = [.deployment, .statefulSet, .daemonSet, .cronJob, .job, .pod]
  /// What earlier revisions of workloads are found in.
  package static let past: [WorkloadKind] = [.replicaSet, .controllerRevision]
  /// What people name, and nodes are warmed for.
  package static let nameable: [WorkloadKind] = [
    .deployment, .statefulSet, .daemonSet, .replicaSet, .job, .cronJob, .pod, .replicationController,
  ]

  package static func < (a: WorkloadKind, b: WorkloadKind) -> Bool { a.rank < b.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// As kubectl writes it: `deployment`.
  package var singular: String { rawValue.lowercased() }
  /// As the API writes it: `deployments`.
  package var plural: String { singular + "s" }

  package var apiVersion: String {
    switch self {
    case .deployment, .statefulSet, .daemonSet, .replicaSet, .controllerRevision: "apps/v1"
    case .job, .cronJob: "batch/v1"
    case .pod, .replicationController: "v1"
    }
  }
}

extension WorkloadKind {
  /// kubectl's short name, where it has one.
  private var short: String? {
    switch self {
    case .deployment: "deploy"
    case .statefulSet: "sts"
    case .daemonSet: "ds"
    case .replicaSet: "rs"
    case .job, .controllerRevision: nil
    case .cronJob: "cj"
    case .pod: "po"
    case .replicationController: "rc"
    }
  }

  /// One that people name: singular, plural or short, in any case; group and version may follow after a dot.
  package init?(named text: some StringProtocol) {
    let parts = text.lowercased().split(separator: ".", maxSplits: 1).map(String.init)
    guard let name = parts.first,
      let kind = Self.nameable.first(where: { [$0.singular, $0.plural, $0.short].contains(name) })
    else { return nil }
    let (group, version) = kind.groupAndVersion
    guard parts.count == 1 || [group, "\(version).\(group)"].contains(parts[1]) else { return nil }
    self = kind
  }

  private var groupAndVersion: (String, String) {
    let parts = apiVersion.split(separator: "/").map(String.init)
    return parts.count == 2 ? (parts[0], parts[1]) : ("", parts[0])
  }
}
