import ArgumentParser
import Kubernetes
import Workloads

/// Whose images are waited for, as a person names it: `deployment/web`, `prepull/shop`.
enum WaitTarget: Hashable, Sendable, CustomStringConvertible {
  case workload(WorkloadName)
  case prepull(String)

  /// kubectl's names of our kind.
  private static let ours: Set = ["prepull", "prepulls", "pp", "prepull.prepull.dev", "prepulls.prepull.dev"]

  init(parsing text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, Self.ours.contains(parts[0].lowercased()) else {
      self = .workload(try usage { try WorkloadName(parsing: text) })
      return
    }
    if let problem = NamingRule.subdomain.problem(in: String(parts[1])) {
      throw ValidationError("the name '\(parts[1])' of the Prepull \(problem)")
    }
    self = .prepull(String(parts[1]))
  }

  var description: String {
    switch self {
    case .workload(let name): name.description
    case .prepull(let name): "prepull/\(name)"
    }
  }
}
