import Documents

/// The roles and bindings that every cluster begins with, as far as they matter here.
///
/// Source: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`. `admin`, `edit` and `view` name the kinds of the sandbox.
enum FirstRoles {
  static var all: [(ResourceName, JSON)] {
    let roles = [
      role("cluster-admin", [rule(["*"], ["*"], ["*"]), paths(["*"], verbs: ["*"])]),
      role(
        "system:discovery",
        [
          paths([
            "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
            "/version", "/version/",
          ])
        ]),
      role("system:public-info-viewer", [paths(["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
      role(
        "system:basic-user",
        [
          rule(["create"], ["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
          rule(["create"], ["authentication.k8s.io"], ["selfsubjectreviews"]),
        ]),
      part("view", view), part("edit", edit), part("admin", admin),
      whole("view", view, partOf: "edit"), whole("edit", view + edit, partOf: "admin"),
      whole("admin", view + edit + admin),
    ].map { (ResourceName.clusterRoles, $0) }
    let bindings = [
      binding("cluster-admin", to: "system:masters"), binding("system:discovery", to: "system:authenticated"),
      binding("system:basic-user", to: "system:authenticated"),
      binding("system:public-info-viewer", to: "system:authenticated"),
    ].map { (ResourceName.clusterRoleBindings, $0) }
    return roles + bindings
  }

  private static let readers = ["get", "list", "watch"]
  private static let writers = ["create", "delete", "deletecollection", "patch", "update"]
  private static let core: [String] = ["configmaps", "pods", "pods/log", "pods/status", "serviceaccounts", "services"]
  private static let workloads: [String] = ["daemonsets", "deployments", "replicasets", "statefulsets"]

  private static var view: [JSON] {
    [
      rule(readers, [""], core + ["events", "namespaces"]), rule(readers, ["apps"], workloads),
      rule(readers, ["batch"], ["cronjobs", "jobs"]), rule(readers, ["policy"], ["poddisruptionbudgets"]),
      rule(readers, ["networking.k8s.io"], ["networkpolicies"]),
      rule(readers, ["discovery.k8s.io"], ["endpointslices"]),
    ]
  }

  private static var edit: [JSON] {
    [
      rule(readers, [""], ["secrets"]),
      rule(writers, [""], ["configmaps", "events", "pods", "secrets", "serviceaccounts", "services"]),
      rule(["create"], [""], ["pods/eviction", "serviceaccounts/token"]),
      rule(["impersonate"], [""], ["serviceaccounts"]),
      rule(writers, ["apps"], workloads), rule(writers, ["batch"], ["cronjobs", "jobs"]),
      rule(writers, ["policy"], ["poddisruptionbudgets"]), rule(writers, ["networking.k8s.io"], ["networkpolicies"]),
      rule(readers + writers, ["coordination.k8s.io"], ["leases"]),
    ]
  }

  private static var admin: [JSON] {
    [
      rule(readers + writers, [BuiltInKinds.accessGroup], ["rolebindings", "roles"]),
      rule(["create"], ["authorization.k8s.io"], ["localsubjectaccessreviews"]),
    ]
  }

  private static func strings(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }

  private static func rule(_ verbs: [String], _ groups: [String], _ resources: [String]) -> JSON {
    ["apiGroups": strings(groups), "resources": strings(resources), "verbs": strings(verbs)]
  }

  private static func paths(_ paths: [String], verbs: [String] = ["get"]) -> JSON {
    ["nonResourceURLs": strings(paths), "verbs": strings(verbs)]
  }

  private static let labels: JSON = ["kubernetes.io/bootstrapping": "rbac-defaults"]

  private static func role(_ name: String, _ rules: [JSON]) -> JSON {
    ["metadata": ["name": .string(name), "labels": labels], "rules": .array(rules)]
  }

  /// The label of roles whose rules become part of another one.
  private static func mark(_ name: String) -> String { "\(BuiltInKinds.accessGroup)/aggregate-to-\(name)" }

  /// What is in one of the roles for people from the beginning.
  private static func part(_ name: String, _ rules: [JSON]) -> JSON {
    var role = role("system:aggregate-to-\(name)", rules)
    role[path: "metadata", "labels", mark(name)] = "true"
    return role
  }

  /// A role for people, of all that bears its label: it has its first rules before somebody aggregates.
  private static func whole(_ name: String, _ rules: [JSON], partOf other: String? = nil) -> JSON {
    var role = role(name, rules)
    role["aggregationRule"] = ["clusterRoleSelectors": [["matchLabels": .object([mark(name): "true"])]]]
    if let other { role[path: "metadata", "labels", mark(other)] = "true" }
    return role
  }

  private static func binding(_ role: String, to group: String) -> JSON {
    [
      "metadata": ["name": .string(role), "labels": labels], "roleRef": ["kind": "ClusterRole", "name": .string(role)],
      "subjects": [["kind": "Group", "name": .string(group)]],
    ]
  }
}
