import Documents
import KubeAPIServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Marks nodes whose kubelet is silent, keeps the taints that follow from conditions, and evicts pods that do not
/// tolerate them.
///
/// Zones and the slowing down of evictions in large outages are not simulated. Source: `pkg/controller/nodelifecycle`
/// and `pkg/controller/tainteviction`.
struct NodeLifecycle {
  private let store: Store
  private let pace: Pace
  /// Without a new lease for so long a node is unreachable: 40 s, and never less than a few heartbeats.
  private let grace: Duration
  private var nodes: [String: JSON] = [:]
  private var leases: [String: (renewed: String, seen: ContinuousClock.Instant)] = [:]
  private var pods: [String: JSON] = [:]
  private var byNode: [String: Set<String>] = [:]
  /// By pod's uid: when it goes.
  private var evictions: [String: ContinuousClock.Instant] = [:]

  init(store: Store, pace: Pace, heartbeat: Duration) {
    self.store = store
    self.pace = pace
    grace = max(pace.scaled(.seconds(40)), heartbeat * 4)
  }

  func run() async {
    var copy = self
    let tick = min(max(pace.scaled(.seconds(5)), .milliseconds(100)), .seconds(1))
    await store.follow([.nodes, .leases, .pods], tick: tick) { change in
      switch change {
      case .event(.nodes, let event): copy.note(node: event)
      case .event(.leases, let event): copy.note(lease: event)
      case .event(_, let event): copy.note(pod: event)
      case .synced: break
      case .tick: copy.look()
      }
      return true
    }
  }

  private mutating func note(lease event: StoreEvent) {
    let (lease, isGone) = event.object
    let name = ObjectName(lease)
    guard name.namespace == "kube-node-lease" else { return }
    let renewed = lease[path: "spec", "renewTime"]?.string ?? ""
    if isGone {
      leases[name.name] = nil
    } else if leases[name.name]?.renewed != renewed {
      leases[name.name] = (renewed, .now)
    }
  }

  private mutating func note(node event: StoreEvent) {
    let (node, isGone) = event.object
    let name = ObjectName(node).name
    let before = nodes[name]
    nodes[name] = isGone ? .none : node
    guard !isGone else { return }
    taint(node)
    if before.map(NodeMatch.taints) != NodeMatch.taints(node) {
      for uid in byNode[name] ?? [] { weigh(uid) }
    }
    if before?.condition("Ready") == "True", node.condition("Ready") != "True" { unready(name) }
  }

  private mutating func note(pod event: StoreEvent) {
    let (pod, isGone) = event.object
    let uid = pod.uid
    guard let node = pod.nodeName else { return }
    if isGone || pod.isOver || pod.isTerminating {
      (pods[uid], evictions[uid]) = (nil, nil)
      byNode[node]?.remove(uid)
      return
    }
    let isNew = pods.updateValue(pod, forKey: uid) == nil
    byNode[node, default: []].insert(uid)
    if isNew { weigh(uid) }
  }

  // MARK: Taints from conditions

  private static let managed: Set = [
    "not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable",
  ]

  private func taint(_ node: JSON) {
    var wanted: [(String, String)] = []
    switch node.condition("Ready") {
    case "True": break
    case "Unknown": wanted = [("unreachable", "NoSchedule"), ("unreachable", "NoExecute")]
    default: wanted = [("not-ready", "NoSchedule"), ("not-ready", "NoExecute")]
    }
    for (condition, taint) in [
      ("DiskPressure", "disk-pressure"), ("MemoryPressure", "memory-pressure"), ("PIDPressure", "pid-pressure"),
    ] where node.condition(condition) == "True" {
      wanted.append((taint, "NoSchedule"))
    }
    if node[path: "spec", "unschedulable"]?.bool == true { wanted.append(("unschedulable", "NoSchedule")) }
    func isManaged(_ taint: JSON) -> Bool {
      let key = taint["key"]?.string ?? ""
      return key.hasPrefix("node.kubernetes.io/") && Self.managed.contains(String(key.dropFirst(19)))
    }
    func matches(_ taint: JSON, _ want: (String, String)) -> Bool {
      taint["key"]?.string == "node.kubernetes.io/\(want.0)" && taint["effect"]?.string == want.1
    }
    func updated(_ old: [JSON]) -> [JSON] {
      let kept = old.filter { taint in !isManaged(taint) || wanted.contains { matches(taint, $0) } }
      let new = wanted.filter { want in !kept.contains { matches($0, want) } }
      return kept
        + new.map { key, effect in
          var taint: JSON = ["key": .string("node.kubernetes.io/\(key)"), "effect": .string(effect)]
          if effect == "NoExecute" || key == "unschedulable" {
            taint["timeAdded"] = .string(Date().formatted(.iso8601))
          }
          return taint
        }
    }
    guard
      updated(NodeMatch.taints(node)).count != NodeMatch.taints(node).count
        || !NodeMatch.taints(node).allSatisfy({ taint in !isManaged(taint) || wanted.contains { matches(taint, $0) } })
    else { return }
    _ = try? store.modify(.nodes, name: ObjectName(node).name) { stored in
      let taints = updated(NodeMatch.taints(stored))
      stored[path: "spec", "taints"] = taints.isEmpty ? .none : .array(taints)
    }
  }

  // MARK: Silence

  private mutating func look() {
    let limit = ContinuousClock.now - grace
    for (name, lease) in leases where lease.seen < limit {
      guard let node = nodes[name], node.condition("Ready") != "Unknown" else { continue }
      let now = Date().formatted(.iso8601)
      _ = try? store.modify(.nodes, name: name, subresource: .status) { stored in
        for type in ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"] {
          stored.set(
            condition: [
              "type": .string(type), "status": "Unknown", "reason": "NodeStatusUnknown",
              "message": "Kubelet stopped posting node status.",
            ], at: now)
        }
      }
    }
    for (uid, time) in evictions where time <= .now { evict(uid) }
  }

  /// The pods of a node that is not ready are not ready either.
  private func unready(_ node: String) {
    let now = Date().formatted(.iso8601)
    for uid in byNode[node] ?? [] {
      guard let pod = pods[uid], pod.condition("Ready") == "True" else { continue }
      let name = ObjectName(pod)
      _ = try? store.modify(.pods, namespace: name.namespace, name: name.name, subresource: .status) {
        $0.set(condition: ["type": "Ready", "status": "False", "reason": "NodeNotReady"], at: now)
      }
    }
  }

  // MARK: Evictions

  /// Decides when a pod has to leave its node: never, now, or when the shortest of its tolerations ends.
  private mutating func weigh(_ uid: String) {
    guard let pod = pods[uid], let node = pod.nodeName.flatMap({ nodes[$0] }) else { return }
    let taints = NodeMatch.taints(node).filter { $0["effect"] == "NoExecute" }
    guard !taints.isEmpty else {
      evictions[uid] = nil
      return
    }
    let tolerations = pod[path: "spec", "tolerations"]?.array ?? []
    var shortest: Duration?
    for taint in taints {
      let own = tolerations.filter { NodeMatch.tolerates($0, taint) }
      guard !own.isEmpty else {
        evict(uid)
        return
      }
      let limits = own.compactMap { $0["tolerationSeconds"]?.integer }
      if let limit = limits.min() { shortest = min(shortest ?? .seconds(limit), .seconds(limit)) }
    }
    if let shortest { evictions[uid] = evictions[uid] ?? .now + pace.scaled(shortest) } else { evictions[uid] = nil }
  }

  private mutating func evict(_ uid: String) {
    evictions[uid] = nil
    guard let pod = pods[uid] else { return }
    let name = ObjectName(pod)
    StoreEventRecorder(
      store, component: "taint-eviction-controller", object: StoreEventRecorder.reference(to: pod, kind: "Pod"),
      pace: pace
    ).normal("TaintManagerEviction", "Marking for deletion Pod \(name.namespace ?? "")/\(name.name)")
    let now = Date().formatted(.iso8601)
    _ = try? store.modify(.pods, namespace: name.namespace, name: name.name, subresource: .status) {
      $0.set(
        condition: [
          "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
          "message": "Taint manager: deleting due to NoExecute taint",
        ], at: now)
    }
    _ = try? store.delete(.pods, namespace: name.namespace, name: name.name, options: DeleteOptions(uid: uid))
  }
}
