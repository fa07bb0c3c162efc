import PrepullAPI
import Operator
import Documents
import Kubernetes

extension Uninstallation {
  /// An object that goes.
  package struct Item: Hashable, Sendable, CustomStringConvertible {
    let resource: DynamicResource
    let namespace: String?
    let name: String
    let uid: String?
    var finalizers = ""

    package var description: String {
      "\(resource.plural)\(resource.group.isEmpty ? "" : ".\(resource.group)")/\(name)"
        + (namespace.map { " in \($0)" } ?? "")
    }

    /// Whether it runs the agents of nodes.
    var isAgents: Bool { resource.plural == "daemonsets" }

    /// All of a kind that bear the labels; none where the cluster does not know the kind.
    static func list(
      _ resource: DynamicResource, _ client: KubernetesClient, in namespace: String? = nil, labels: String? = nil
    ) async throws -> [Item] {
      do {
        return try await client.objects(resource, in: namespace, labels: labels).map { object in
          let metadata = object["metadata"]
          return Item(
            resource: resource, namespace: metadata?["namespace"]?.string, name: metadata?["name"]?.string ?? "",
            uid: metadata?["uid"]?.string)
        }
      } catch let error as APIError where error.code == .notFound {
        return []
      }
    }

    /// `2 pods, 1 configmaps`.
    static func summary(of items: [Item]) -> String {
      var counts: [String: Int] = [:]
      for item in items { counts[item.resource.plural, default: 0] += 1 }
      return counts.sorted { $0.key < $1.key }.map { count($0.value, $0.key) }.joined(separator: ", ")
    }

    /// `1 deployment`, `2 networkpolicies`, by the plural of a kind.
    static func count(_ number: Int, _ plural: String) -> String {
      guard number == 1 else { return "\(number) \(plural)" }
      return "1 " + (plural.hasSuffix("ies") ? plural.dropLast(3) + "y" : plural.dropLast())
    }
  }

  /// What is in the cluster of Prepull's operator.
  package struct Survey: Sendable {
    package struct GatedNode: Hashable, Sendable {
      package let node: String
      package let taint: String
    }

    /// What runs the operator.
    package var operators: [Item] = []
    package var prepulls: [Item] = []
    /// Pods and ConfigMaps of Prepulls.
    package var pullers: [Item] = []
    package var warmNodes: [Item] = []
    /// Nodes that bear the taint of a gate, which nobody opens any more.
    package var gatedNodes: [GatedNode] = []
    /// The taints of all gates.
    package var taints: [String] = []
    /// Nodes that bear the condition `prepull.dev/Warm`.
    package var conditionedNodes: [String] = []
    /// Accounts, roles, services and so on.
    package var others: [Item] = []
    package var definitions: [Item] = []
    package var namespaces: [Item] = []
    /// The Helm release that it was installed by, `namespace/name`.
    package var release: String?

    /// Whether agents run on nodes.
    package var hasAgents: Bool { operators.contains(where: \.isAgents) }

    package var isEmpty: Bool {
      (operators + prepulls + pullers + warmNodes + others + definitions + namespaces).isEmpty && gatedNodes.isEmpty
        && conditionedNodes.isEmpty
    }

    /// What goes, a line each.
    package var lines: [String] {
      let groups = [
        ("the operator", operators + others), ("Prepulls", prepulls), ("what Prepulls made", pullers),
        ("WarmNode records", warmNodes), ("the kinds Prepull and WarmNode", definitions), ("namespaces", namespaces),
      ]
      var lines = groups.filter { !$0.1.isEmpty }.map { what, items in
        let names = items.count <= 3 ? items.map(\.description).joined(separator: ", ") : Item.summary(of: items)
        return "\(what): \(names)"
      }
      lines += gatedNodes.map { "the taint \($0.taint) of the node \($0.node)" }
      if !conditionedNodes.isEmpty {
        lines.append("the condition \(PullerKey.warm) of \(Quantity.count(conditionedNodes.count, "node"))")
      }
      return lines
    }
  }

  /// Looks for all that Prepull's operator and its installation have in the cluster.
  package func survey() async throws -> Survey {
    func all(_ kinds: [(String, String)]) async throws -> [Item] {
      var items: [Item] = []
      for (apiVersion, plural) in kinds {
        let resource = DynamicResource(apiVersion: apiVersion, plural: plural)
        for labels in [Installation.selector, Installation.dashboardSelector, Installation.agentSelector] {
          items += try await Item.list(resource, client, labels: labels)
        }
      }
      return items
    }
    var survey = Survey()
    let deployments = DynamicResource(apiVersion: "apps/v1", plural: "deployments")
    survey.release = try await client.objects(deployments, labels: Installation.selector)
      .compactMap(Self.release).first
    survey.operators = try await all([("apps/v1", "deployments"), ("apps/v1", "daemonsets")])
    survey.others = try await all([
      ("v1", "services"), ("v1", "serviceaccounts"), ("v1", "configmaps"), ("policy/v1", "poddisruptionbudgets"),
      ("networking.k8s.io/v1", "networkpolicies"), ("monitoring.coreos.com/v1", "servicemonitors"),
      ("monitoring.coreos.com/v1", "podmonitors"),
      ("monitoring.coreos.com/v1", "prometheusrules"),
      ("rbac.authorization.k8s.io/v1", "rolebindings"), ("rbac.authorization.k8s.io/v1", "roles"),
      ("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings"),
      ("admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
      ("rbac.authorization.k8s.io/v1", "clusterrolebindings"), ("rbac.authorization.k8s.io/v1", "clusterroles"),
    ])
    survey.others += try await leases()
    // Made by the operator, with labels of its own or none.
    survey.others += try await Item.list(
      DynamicResource(ConfigMap.self), client, in: Installation.agentName
    ).filter { item in item.name == CertificatePublisher.name && !survey.others.contains(item) }
    survey.namespaces = try await all([("v1", "namespaces")])
    survey.warmNodes = try await Item.list(DynamicResource(WarmNode.self), client)
    survey.definitions = try await definitions()
    let puller = "app.kubernetes.io/managed-by=prepull,prepull.dev/prepull"
    survey.pullers =
      try await Item.list(DynamicResource(Pod.self), client, labels: puller)
      + Item.list(DynamicResource(ConfigMap.self), client, labels: puller)
    try await surveyPrepulls(&survey)
    return survey
  }

  private func surveyPrepulls(_ survey: inout Survey) async throws {
    let nodes = try await client.list(Node.self).items
    survey.conditionedNodes = nodes.filter { node in
      node.status?.conditions?.contains { $0.type == PullerKey.warm } == true
    }.compactMap(\.metadata.name)
    survey.prepulls = try await Item.list(DynamicResource(Prepull.self), client)
    var taints: Set<String> = []
    var gated = try await leftGates(on: nodes, hasWarmNodes: !survey.warmNodes.isEmpty)
    for object in survey.prepulls.isEmpty ? [] : try await client.objects(DynamicResource(Prepull.self)) {
      guard let prepull = try? object.decoded(as: Prepull.self), let settings = try? PrepullSettings(prepull.spec),
        let gate = settings.gate
      else { continue }
      taints.insert(gate.startupTaint)
      for node in nodes where node.spec?.taints?.contains(where: { $0.key == gate.startupTaint }) == true {
        if case .wanted = settings.nodes.verdict(for: NodeFacts(node)) {
          gated.insert(Survey.GatedNode(node: node.metadata.name ?? "", taint: gate.startupTaint))
        }
      }
    }
    survey.taints = taints.sorted()
    survey.gatedNodes = gated.sorted { ($0.node, $0.taint) < ($1.node, $1.taint) }
  }

  /// Closed gates whose Prepull is gone already: those that WarmNodes tell of, and taints that are ours by their name.
  private func leftGates(on nodes: [Node], hasWarmNodes: Bool) async throws -> Set<Survey.GatedNode> {
    var gates: Set<Survey.GatedNode> = []
    var keys: [String: Set<String>] = [:]
    for object in hasWarmNodes ? try await client.objects(DynamicResource(WarmNode.self)) : [] {
      guard let node = try? object.decoded(as: WarmNode.self), let name = node.metadata.name else { continue }
      keys[name] = Set((node.status?.gates ?? []).filter { $0.openedAt == nil }.map(\.startupTaint))
    }
    for node in nodes {
      let name = node.metadata.name ?? ""
      for taint in node.spec?.taints ?? []
      where keys[name]?.contains(taint.key) == true || taint.key.hasPrefix("\(Prepull.group)/") {
        gates.insert(Survey.GatedNode(node: name, taint: taint.key))
      }
    }
    return gates
  }

  /// The Leases by which controllers elected their leader, wherever they ran.
  private func leases() async throws -> [Item] {
    try await Item.list(DynamicResource(Lease.self), client).filter { $0.name == ControllerOptions.lease }
  }

  private func definitions() async throws -> [Item] {
    let resource = DynamicResource(
      apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", isNamespaced: false)
    var items: [Item] = []
    for plural in [Prepull.plural, WarmNode.plural] {
      let name = "\(plural).\(Prepull.group)"
      do {
        let metadata = try await client.metadata(of: resource, name)
        items.append(Item(resource: resource, namespace: nil, name: name, uid: metadata.uid))
      } catch let error as APIError where error.code == .notFound {}
    }
    return items
  }

  private static func release(of object: JSON) -> String? {
    let annotations = object[path: "metadata", "annotations"]
    guard let name = annotations?["meta.helm.sh/release-name"]?.string else { return nil }
    return "\(annotations?["meta.helm.sh/release-namespace"]?.string ?? "default")/\(name)"
  }
}
