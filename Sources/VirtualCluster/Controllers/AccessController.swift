import Documents
import KubeAPIServer

/// Sees that every namespace has its account `default` and the certificate of the cluster's authority, and that
/// aggregated roles have the rules of those which they select.
///
/// Source: `pkg/controller/serviceaccount`, `pkg/controller/certificates/rootcacertpublisher` and
/// `pkg/controller/clusterroleaggregation`.
struct AccessController {
  let store: Store
  /// In PEM form; empty without TLS.
  let authority: String

  func run() async {
    await store.follow([.namespaces, .serviceAccounts, .configMaps, .clusterRoles]) { change in
      guard case .event(let resource, let event) = change else { return true }
      let (object, isGone) = event.object
      switch resource {
      case .namespaces: if !isGone, !object.isTerminating { furnish(ObjectName(object).name) }
      case .clusterRoles: aggregate()
      default:
        let name = ObjectName(object)
        if isGone, [Self.account, Self.certificate].contains(name.name), let namespace = name.namespace {
          furnish(namespace)
        }
      }
      return true
    }
  }

  private static let account = "default"
  private static let certificate = "kube-root-ca.crt"

  private static let description =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    + "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    + "clusters."

  /// In a namespace that goes, this is refused.
  private func furnish(_ namespace: String) {
    if store.get(.serviceAccounts, namespace: namespace, name: Self.account) == nil {
      _ = try? store.create(
        ["metadata": ["name": .string(Self.account), "namespace": .string(namespace)]], as: .serviceAccounts)
    }
    if store.get(.configMaps, namespace: namespace, name: Self.certificate) == nil {
      _ = try? store.create(
        [
          "metadata": [
            "name": .string(Self.certificate), "namespace": .string(namespace),
            "annotations": ["kubernetes.io/description": .string(Self.description)],
          ], "data": ["ca.crt": .string(authority)],
        ], as: .configMaps)
    }
  }

  private func aggregate() {
    let roles = store.list(.clusterRoles).items
    for role in roles {
      guard let selectors = role[path: "aggregationRule", "clusterRoleSelectors"]?.array else { continue }
      let queries = selectors.map { LabelQuery(selector: $0) }
      let name = ObjectName(role).name
      var rules: [JSON] = []
      for other in roles where ObjectName(other).name != name && queries.contains(where: { $0.matches(other) }) {
        for rule in other["rules"]?.array ?? [] where !rules.contains(rule) { rules.append(rule) }
      }
      if role["rules"]?.array ?? [] != rules {
        _ = try? store.modify(.clusterRoles, name: name) { $0["rules"] = .array(rules) }
      }
    }
  }
}
