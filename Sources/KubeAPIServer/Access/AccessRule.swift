import Documents

/// One rule of a role.
///
/// Source: `pkg/apis/rbac/v1/evaluation_helpers.go`.
struct AccessRule: Sendable {
  let json: JSON
  private let verbs: Set<String>
  private let groups: Set<String>
  private let resources: Set<String>
  /// Empty for all.
  private let names: Set<String>
  private let paths: [String]

  init(_ rule: JSON) {
    func list(_ field: String) -> [String] { (rule[field]?.array ?? []).compactMap(\.string) }
    json = rule
    verbs = Set(list("verbs"))
    groups = Set(list("apiGroups"))
    resources = Set(list("resources"))
    names = Set(list("resourceNames"))
    paths = list("nonResourceURLs")
  }

  private func covers(verb: String) -> Bool { verbs.contains("*") || verbs.contains(verb) }

  func covers(_ attempt: AccessAttempt) -> Bool {
    guard covers(verb: attempt.verb), groups.contains("*") || groups.contains(attempt.group) else { return false }
    let isResource =
      resources.contains("*") || resources.contains(attempt.path)
      || attempt.subresource.map { resources.contains("*/\($0)") } ?? false
    return isResource && (names.isEmpty || names.contains(attempt.name ?? ""))
  }

  func covers(path: String, verb: String) -> Bool {
    covers(verb: verb)
      && paths.contains { own in
        own == "*" || own == path || own.hasSuffix("*") && path.hasPrefix(own.dropLast())
      }
  }
}
