import Kubernetes

/// A workload of the cluster as kubectl names it: `deployment/web`, `sts/db`, `jobs.batch/report`.
package struct WorkloadName: Hashable, Sendable, CustomStringConvertible {
  package let kind: WorkloadKind
  package let name: String

  package var description: String { "\(kind.singular)/\(name)" }

  /// - Parameters:
  ///   - others: kinds that the caller knows besides, for the message.
  ///   - hasFiles: whether the caller takes manifests, for the message.
  package init(parsing text: String, others: [String] = [], hasFiles: Bool = true) throws(WorkloadError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw WorkloadError(.name, "'\(text)' is not kind/name; write for example deployment/web")
    }
    guard let kind = WorkloadKind(named: parts[0]) else {
      let kinds = (WorkloadKind.nameable.map(\.singular) + others).joined(separator: ", ")
      let file = hasFiles ? "; for others, use -f with a file" : ""
      throw WorkloadError(
        .kind, "'\(parts[0])' is no kind that can be warmed for: it is none of \(kinds)\(file)")
    }
    if let problem = NamingRule.subdomain.problem(in: String(parts[1])) {
      throw WorkloadError(.name, "the name '\(parts[1])' of the \(kind.singular) \(problem)")
    }
    self.kind = kind
    self.name = String(parts[1])
  }
}
