package import Documents
import Synchronization

#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// The cluster's memory, and the rules that every writer goes through: an etcd and the API machinery in one.
///
/// Controllers and virtual kubelets use it in process, clients over ``APIServer``: both meet the same defaults,
/// validation, uids, resource versions, generations, finalizers, graceful deletion and admission.
package final class Store: Sendable {
  /// Pods are indexed by this label.
  package static let indexedLabel = "app.kubernetes.io/instance"

  struct State {
    var revision = 1
    var definitions: [ResourceName: ResourceDefinition] = [:]
    var tables: [ResourceName: ResourceTable] = [:]
    var snapshots = SnapshotTable()
    var lastWatcher = 0
    /// Of custom resources.
    var rules = RuleCompiler.none
  }

  let state: Mutex<State>
  package let now: @Sendable () -> Date
  /// Whether pods need a service account.
  let hasAccounts: Bool
  /// What refuses requests besides the rules of the kinds.
  package let policies = AdmissionPolicies()
  /// Compiled policies, by uid and generation.
  let compiledPolicies = Mutex<[String: any PolicyRules]>([:])
  /// Pods are admitted one by one where quotas count them.
  let admission = Mutex(())

  /// A cluster with its first namespaces, priority classes and roles.
  ///
  /// - Parameters:
  ///   - now: the clock of timestamps.
  ///   - hasAccounts: pods are given service accounts and their tokens, as by the admission plugin ServiceAccount.
  ///   - rules: what reads the validation rules of custom resources.
  package init(
    hasAccounts: Bool = false, rules: RuleCompiler = .none, now: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.now = now
    self.hasAccounts = hasAccounts
    var state = State()
    state.rules = rules
    for definition in BuiltInKinds.all
      + [BuiltInKinds.policies(rules), CustomResource.definitionOfDefinitions(rules)]
    {
      state.definitions[definition.name] = definition
      state.tables[definition.name] = ResourceTable(definition)
    }
    self.state = Mutex(state)
    for (resource, object) in Self.firstObjects {
      // Nothing is there yet that could refuse them.
      _ = try? create(object, as: resource)
    }
  }

  private static var firstObjects: [(ResourceName, JSON)] {
    let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"]
    let classes: [(String, JSON)] = [
      ("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000),
    ]
    return namespaces.map { (ResourceName(plural: "namespaces"), ["metadata": ["name": .string($0)]]) }
      + classes.map { name, value -> (ResourceName, JSON) in
        (
          ResourceName(group: "scheduling.k8s.io", plural: "priorityclasses"),
          ["metadata": ["name": .string(name)], "value": value]
        )
      } + FirstRoles.all
  }

  /// The number of the last change.
  package var revision: Int { state.withLock { $0.revision } }

  /// What is served: the built-in kinds and those that CustomResourceDefinitions add.
  package var definitions: [ResourceDefinition] { state.withLock { Array($0.definitions.values) } }

  package func definition(_ resource: ResourceName) -> ResourceDefinition? {
    state.withLock { $0.definitions[resource] }
  }

  package func get(_ resource: ResourceName, namespace: String? = nil, name: String) -> JSON? {
    stored(resource, ObjectKey(namespace, name))?.json
  }

  func stored(_ resource: ResourceName, _ key: ObjectKey) -> StoredObject? {
    state.withLock { $0.tables[resource]?.objects[key] }
  }

  /// The objects of a resource, by namespace and name, and the resource version to watch from.
  package func list(
    _ resource: ResourceName, namespace: String? = nil, matching filter: ObjectFilter = .all
  ) -> (items: [JSON], resourceVersion: Int) {
    let (objects, revision) = select(resource, namespace: namespace, filter)
    return (objects.map(\.json), revision)
  }

  func select(
    _ resource: ResourceName, namespace: String?, _ filter: ObjectFilter
  ) -> (objects: [StoredObject], revision: Int) {
    let (objects, revision) = state.withLock { state in
      (state.tables[resource]?.select(namespace: namespace, filter) ?? [], state.revision)
    }
    return (objects.sorted { $0.key < $1.key }, revision)
  }

  /// How many objects of a resource there are.
  package func count(_ resource: ResourceName) -> Int { state.withLock { $0.tables[resource]?.objects.count ?? 0 } }

  package var timestamp: String { now().formatted(.iso8601) }
}
