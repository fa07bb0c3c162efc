import Kubernetes

/// A workload of the cluster as kubectl names it: `deployment/web`, `sts/db`, `jobs.batch/report`.
package struct WorkloadName: Hashable, Sendable, CustomStringConvertible {
  /// Kinds whose pods Prepull can warm ahead.
  package enum Kind: String, CaseIterable, Sendable {
    case deployment, statefulset, daemonset, replicaset, job, cronjob, pod, replicationcontroller

    /// kubectl's short name, where it has one.
    var short: String? {
      switch self {
      case .deployment: "deploy"
      case .statefulset: "sts"
      case .daemonset: "ds"
      case .replicaset: "rs"
      case .job: nil
      case .cronjob: "cj"
      case .pod: "po"
      case .replicationcontroller: "rc"
      }
    }

    package var plural: String { rawValue + "s" }

    package var apiVersion: String {
      switch self {
      case .deployment, .statefulset, .daemonset, .replicaset: "apps/v1"
      case .job, .cronjob: "batch/v1"
      case .pod, .replicationcontroller: "v1"
      }
    }

    /// Singular, plural or short, in any case; group and version may follow after a dot.
    package init?(_ text: some StringProtocol) {
      let parts = text.lowercased().split(separator: ".", maxSplits: 1).map(String.init)
      guard let name = parts.first,
        let kind = Self.allCases.first(where: { [$0.rawValue, $0.plural, $0.short].contains(name) })
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

  package let kind: Kind
  package let name: String

  package var description: String { "\(kind.rawValue)/\(name)" }

  package init(parsing text: String) throws(WorkloadError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw WorkloadError(.name, "'\(text)' is not kind/name; write for example deployment/web")
    }
    guard let kind = Kind(parts[0]) else {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw WorkloadError(
        .kind, "'\(parts[0])' is no kind that can be warmed for: it is none of \(kinds); for others, use -f with a file"
      )
    }
    if let problem = NamingRule.subdomain.problem(in: String(parts[1])) {
      throw WorkloadError(.name, "the name '\(parts[1])' of the \(kind.rawValue) \(problem)")
    }
    self.kind = kind
    self.name = String(parts[1])
  }
}
