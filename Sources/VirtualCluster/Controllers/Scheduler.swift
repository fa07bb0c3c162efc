import Documents
import KubeAPIServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Gives pods their nodes: selector, required affinity, taints, cordons, and what a node has room for.
///
/// Preferences, spreading, preemption, volumes and ports are not simulated: of the nodes that fit, the one with the
/// fewest pods is taken. Source: `pkg/scheduler/framework/plugins`.
struct Scheduler {
  private struct Slot {
    let node: JSON
    let room: (pods: Int, cpu: Double, memory: Double, storage: Double)

    init(_ node: JSON) {
      self.node = node
      func amount(_ name: String) -> Double {
        node[path: "status", "allocatable", name].flatMap(ResourceQuantity.init)?.value ?? 0
      }
      room = (Int(amount("pods")), amount("cpu"), amount("memory"), amount("ephemeral-storage"))
    }

    /// Whether pods that were turned away may be let in now; a kubelet's reports of images and heartbeats are no reason.
    func differs(from old: Slot) -> Bool {
      node["spec"] != old.node["spec"] || node[path: "metadata", "labels"] != old.node[path: "metadata", "labels"]
        || room != old.room
    }
  }

  /// What the pods of a node take of it.
  private struct Load {
    var pods = 0
    var needs = PodNeeds()
  }

  private let store: Store
  private let pace: Pace
  private var slots: [String: Slot] = [:]
  /// By node, those that are not there included.
  private var loads: [String: Load] = [:]
  private var assigned: [String: (node: String, needs: PodNeeds)] = [:]
  /// By uid: pods that no node has room for.
  private var waiting: [String: JSON] = [:]
  /// Uids of waiting pods by the node that they are bound to; of those that may go anywhere under no name.
  private var waitingFor: [String: Set<String>] = [:]
  private var recorders: [String: StoreEventRecorder] = [:]

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  func run() async {
    var copy = self
    // Nodes first: a pod that comes before its node would hear that there is none.
    for node in store.list(.nodes).items { copy.note(node: node, isGone: false) }
    await store.follow([.nodes, .pods]) { change in
      guard case .event(let resource, let event) = change else { return true }
      let (object, isGone) = event.object
      if resource == .nodes { copy.note(node: object, isGone: isGone) } else { copy.note(pod: object, isGone: isGone) }
      return true
    }
  }

  private mutating func note(node: JSON, isGone: Bool) {
    let name = node[path: "metadata", "name"]?.string ?? ""
    guard !isGone else {
      slots[name] = nil
      return
    }
    let slot = Slot(node)
    let isChanged = slots.updateValue(slot, forKey: name).map(slot.differs) ?? true
    if isChanged { retry(name) }
  }

  private mutating func note(pod: JSON, isGone: Bool) {
    let uid = pod.uid
    if isGone || pod.isOver {
      forget(pod)
      recorders[uid] = nil
      free(uid)
    } else if let node = pod.nodeName {
      forget(pod)
      take(uid, node, PodNeeds(pod["spec"] ?? [:]))
    } else if !pod.isTerminating, waiting[uid] == nil,
      pod[path: "spec", "schedulerName"]?.string ?? "default-scheduler" == "default-scheduler",
      (pod[path: "spec", "schedulingGates"]?.array ?? []).isEmpty
    {
      schedule(pod)
    }
  }

  private mutating func take(_ uid: String, _ node: String, _ needs: PodNeeds) {
    guard assigned.updateValue((node, needs), forKey: uid) == nil else { return }
    let load = loads[node] ?? Load()
    loads[node] = Load(pods: load.pods + 1, needs: load.needs + needs)
  }

  private mutating func free(_ uid: String) {
    guard let (node, needs) = assigned.removeValue(forKey: uid), let load = loads[node] else { return }
    loads[node] = load.pods > 1 ? Load(pods: load.pods - 1, needs: load.needs - needs) : nil
    retry(node)
  }

  private mutating func wait(_ pod: JSON) {
    waiting[pod.uid] = pod
    for name in Self.queues(of: pod) { waitingFor[name, default: []].insert(pod.uid) }
  }

  private mutating func forget(_ pod: JSON) {
    guard let pod = waiting.removeValue(forKey: pod.uid) else { return }
    for name in Self.queues(of: pod) {
      waitingFor[name]?.remove(pod.uid)
      if waitingFor[name]?.isEmpty == true { waitingFor[name] = nil }
    }
  }

  private static func queues(of pod: JSON) -> Set<String> { NodeMatch.names(pod["spec"] ?? [:]) ?? [""] }

  /// Tries again the pods that could go to a node which changed; of those that could go anywhere, the ones that it
  /// would take.
  private mutating func retry(_ node: String) {
    for uid in waitingFor[node] ?? [] { if let pod = waiting[uid] { schedule(pod) } }
    for uid in waitingFor[""] ?? [] {
      guard let pod = waiting[uid], let slot = slots[node] else { continue }
      let spec = pod["spec"] ?? [:]
      if problem(slot, node, spec, PodNeeds(spec), spec["tolerations"]?.array ?? []) == nil { schedule(pod) }
    }
  }

  private mutating func schedule(_ pod: JSON) {
    let spec = pod["spec"] ?? [:]
    let names = NodeMatch.names(spec)
    let needs = PodNeeds(spec)
    let tolerations = spec["tolerations"]?.array ?? []
    var problems: [String: Int] = [:]
    var best: (name: String, pods: Int)?
    func consider(_ name: String, _ slot: Slot) {
      let pods = loads[name]?.pods ?? 0
      if let problem = problem(slot, name, spec, needs, tolerations) {
        problems[problem, default: 0] += 1
      } else if best.map({ (pods, name) < ($0.pods, $0.name) }) ?? true {
        best = (name, pods)
      }
    }
    if let names {
      for name in names { if let slot = slots[name] { consider(name, slot) } }
      let others = slots.count - names.filter { slots[$0] != nil }.count
      if others > 0 { problems["node(s) didn't satisfy plugin(s) [NodeAffinity]"] = others }
    } else {
      for (name, slot) in slots { consider(name, slot) }
    }
    if let best { bind(pod, to: best.name, needs) } else { leave(pod, problems) }
  }

  /// Why a node is not for a pod, in the words of the first plugin that says no.
  private func problem(
    _ slot: Slot, _ name: String, _ spec: JSON, _ needs: PodNeeds, _ tolerations: [JSON]
  ) -> String? {
    if slot.node[path: "spec", "unschedulable"]?.bool == true,
      !NodeMatch.tolerates(tolerations, ["key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"])
    {
      return "node(s) were unschedulable"
    }
    if let taint = NodeMatch.untolerated(slot.node, tolerations, effects: ["NoSchedule", "NoExecute"]) {
      return "node(s) had untolerated taint {\(taint["key"]?.string ?? ""): \(taint["value"]?.string ?? "")}"
    }
    guard NodeMatch.selects(spec, slot.node) else { return "node(s) didn't match Pod's node affinity/selector" }
    let load = loads[name] ?? Load()
    if load.pods + 1 > slot.room.pods { return "Too many pods" }
    if needs.cpu > 0, load.needs.cpu + needs.cpu > slot.room.cpu { return "Insufficient cpu" }
    if needs.memory > 0, load.needs.memory + needs.memory > slot.room.memory { return "Insufficient memory" }
    if needs.ephemeralStorage > 0, load.needs.ephemeralStorage + needs.ephemeralStorage > slot.room.storage {
      return "Insufficient ephemeral-storage"
    }
    return nil
  }

  private mutating func bind(_ pod: JSON, to node: String, _ needs: PodNeeds) {
    let key = ObjectName(pod)
    let now = Date().formatted(.iso8601)
    forget(pod)
    do {
      try store.modify(.pods, namespace: key.namespace, name: key.name, subresource: .binding) { stored in
        guard stored.uid == pod.uid, stored.nodeName == nil else { throw StatusError.notFound(.pods, key.name) }
        stored[path: "spec", "nodeName"] = .string(node)
        stored.set(condition: ["type": "PodScheduled", "status": "True", "lastProbeTime": .null], at: now)
      }
    } catch {
      // It is gone, or somebody else was faster: its event tells.
      return
    }
    take(pod.uid, node, needs)
    recorder(of: pod).normal(
      "Scheduled", "Successfully assigned \(key.namespace ?? "default")/\(key.name) to \(node)")
    recorders[pod.uid] = nil
  }

  private mutating func leave(_ pod: JSON, _ problems: [String: Int]) {
    let key = ObjectName(pod)
    wait(pod)
    let message = Self.message(problems, nodes: slots.count, never: pod[path: "spec", "preemptionPolicy"] == "Never")
    let now = Date().formatted(.iso8601)
    let written = try? store.modify(.pods, namespace: key.namespace, name: key.name, subresource: .status) { stored in
      guard stored.uid == pod.uid, stored.nodeName == nil else { throw StatusError.notFound(.pods, key.name) }
      stored.set(
        condition: [
          "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": .string(message),
          "lastProbeTime": .null,
        ], at: now)
    }
    guard written != nil else { return }
    recorder(of: pod).warning("FailedScheduling", message)
  }

  /// `0/3 nodes are available: 1 Too many pods, 2 node(s) were unschedulable. preemption: …`
  static func message(_ problems: [String: Int], nodes: Int, never: Bool) -> String {
    guard nodes > 0 else { return "no nodes available to schedule pods" }
    let reasons = problems.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ")
    let full = problems.filter { $0.key.hasPrefix("Insufficient") || $0.key == "Too many pods" }.values.reduce(0, +)
    let verdicts =
      (full > 0 ? ["\(full) No preemption victims found for incoming pod"] : [])
      + (full < nodes ? ["\(nodes - full) Preemption is not helpful for scheduling"] : [])
    return "0/\(nodes) nodes are available: \(reasons). preemption: "
      + (never
        ? "not eligible due to preemptionPolicy=Never."
        : "0/\(nodes) nodes are available: \(verdicts.joined(separator: ", ")).")
  }

  private mutating func recorder(of pod: JSON) -> StoreEventRecorder {
    if let recorder = recorders[pod.uid] { return recorder }
    let recorder = StoreEventRecorder(
      store, component: "default-scheduler", object: StoreEventRecorder.reference(to: pod, kind: "Pod"), pace: pace)
    recorders[pod.uid] = recorder
    return recorder
  }
}
