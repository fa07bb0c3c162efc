import Documents
import Synchronization

/// Role-based access control, by the roles and bindings in a store.
///
/// Source: `plugin/pkg/auth/authorizer/rbac`. Escalation is not checked: who may write roles may write any.
final class RBACAuthorizer: Sendable {
  struct Verdict: Hashable, Sendable {
    var isAllowed: Bool
    /// Why it is allowed, or what stood in the way of finding out.
    var reason: String
  }

  /// Rules that somebody has by a binding.
  private struct Grant: Sendable {
    /// Nil for the whole cluster.
    let namespace: String?
    let rules: [AccessRule]
    /// `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`.
    let source: String
    /// Set when there is no such role.
    let problem: String?
  }

  private enum Subject: Hashable, Sendable {
    case user(String)
    case group(String)
  }

  private struct Table: Sendable {
    let revision: [Int]
    let grants: [Subject: [Grant]]
  }

  private let store: Store
  private let table = Mutex<Table?>(nil)

  init(_ store: Store) { self.store = store }

  func verdict(on attempt: AccessAttempt) -> Verdict {
    if attempt.user.groups.contains("system:masters") { return Verdict(isAllowed: true, reason: "") }
    return verdict(for: attempt.user, in: attempt.namespace) { $0.covers(attempt) }
  }

  /// - Parameter path: of the server, `/healthz`.
  func verdict(on path: String, verb: String, by user: ServerUser) -> Verdict {
    if user.groups.contains("system:masters") { return Verdict(isAllowed: true, reason: "") }
    return verdict(for: user, in: nil) { $0.covers(path: path, verb: verb) }
  }

  private func verdict(
    for user: ServerUser, in namespace: String?, _ covers: (AccessRule) -> Bool
  ) -> Verdict {
    var problems: [String] = []
    for grant in grants(of: user, in: namespace) {
      if let problem = grant.problem, !problems.contains(problem) { problems.append(problem) }
      if grant.rules.contains(where: covers) {
        return Verdict(isAllowed: true, reason: "RBAC: allowed by \(grant.source)")
      }
    }
    let text = problems.count > 1 ? "[\(problems.joined(separator: ", "))]" : problems.first
    return Verdict(isAllowed: false, reason: text.map { "RBAC: \($0)" } ?? "")
  }

  /// All rules that hold for a user in a namespace, as bound.
  func rules(for user: ServerUser, in namespace: String) -> [AccessRule] {
    grants(of: user, in: namespace).flatMap(\.rules)
  }

  private func grants(of user: ServerUser, in namespace: String?) -> [Grant] {
    let all = current().grants
    let subjects = [Subject.user(user.name)] + user.groups.map(Subject.group)
    return subjects.flatMap { all[$0] ?? [] }.filter { $0.namespace == nil || $0.namespace == namespace }
  }

  // MARK: The table

  private static let kinds: [ResourceName] = [.roles, .clusterRoles, .roleBindings, .clusterRoleBindings]

  /// Made again when a role or a binding has changed.
  private func current() -> Table {
    let revision = store.state.withLock { state in Self.kinds.map { state.tables[$0]?.lastRevision ?? 0 } }
    if let known = table.withLock({ $0 }), known.revision == revision { return known }
    var grants: [Subject: [Grant]] = [:]
    for binding in store.list(.clusterRoleBindings).items + store.list(.roleBindings).items {
      add(binding, to: &grants)
    }
    let made = Table(revision: revision, grants: grants)
    table.withLock { $0 = made }
    return made
  }

  private func add(_ binding: JSON, to grants: inout [Subject: [Grant]]) {
    let key = ObjectName(binding)
    let kind = binding[path: "roleRef", "kind"]?.string ?? ""
    let name = binding[path: "roleRef", "name"]?.string ?? ""
    let role =
      kind == "Role"
      ? store.get(.roles, namespace: key.namespace, name: name) : store.get(.clusterRoles, name: name)
    let rules = (role?["rules"]?.array ?? []).map(AccessRule.init)
    let problem: String? = role == nil ? "\(kind.lowercased()).\(BuiltInKinds.accessGroup) \"\(name)\" not found" : nil
    let place = key.namespace.map { "RoleBinding \"\(key.name)/\($0)\"" } ?? "ClusterRoleBinding \"\(key.name)\""
    for subject in binding["subjects"]?.array ?? [] {
      let who = subject["name"]?.string ?? ""
      let kindOfSubject = subject["kind"]?.string ?? ""
      var (key, shown) = (Subject.user(who), who)
      if kindOfSubject == "Group" { key = .group(who) }
      if kindOfSubject == "ServiceAccount" {
        let namespace = subject["namespace"]?.string ?? binding[path: "metadata", "namespace"]?.string ?? ""
        (key, shown) = (.user(ServerUser.accountName(namespace, who)), "\(who)/\(namespace)")
      }
      grants[key, default: []].append(
        Grant(
          namespace: binding[path: "metadata", "namespace"]?.string, rules: rules,
          source: "\(place) of \(kind) \"\(name)\" to \(kindOfSubject) \"\(shown)\"", problem: problem))
    }
  }
}
