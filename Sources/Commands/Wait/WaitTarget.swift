import ArgumentParser
import Kubernetes
import Workloads

/// Whose images are waited for, as a person names it: `deployment/web`, `prepull/shop`.
enum WaitTarget: Hashable, Sendable, CustomStringConvertible {
  case workload(WorkloadName)
  case prepull(String)

  /// - Parameter hasFiles: whether the program takes manifests too.
  init(parsing text: String, hasFiles: Bool = true) throws {
    if let name = try PrepullName.name(in: text) {
      self = .prepull(name)
    } else {
      self = .workload(try usage { try WorkloadName(parsing: text, others: ["prepull"], hasFiles: hasFiles) })
    }
  }

  var description: String {
    switch self {
    case .workload(let name): name.description
    case .prepull(let name): "prepull/\(name)"
    }
  }
}
