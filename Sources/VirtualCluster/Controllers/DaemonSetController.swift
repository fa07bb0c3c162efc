import Documents
import KubeAPIServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keeps one pod of every DaemonSet on every node that it selects.
///
/// No ControllerRevisions are kept, and no pods beyond the old ones are made in an update (`maxSurge`).
/// Source: `pkg/controller/daemon`.
struct DaemonSetController: ReconcilingController {
  static let resources: [ResourceName] = [.nodes, .daemonSets, .pods]

  struct OwnPod {
    let name: ObjectName
    let uid: String
    /// Where it is or is bound to.
    let node: String
    let isBound: Bool
    let hash: String
    let isReady: Bool
    let isTerminating: Bool
    let phase: String
    let created: String
  }

  let store: Store
  let pace: Pace
  private var nodes: [String: JSON] = [:]
  /// By the uid of the DaemonSet, then of the pod.
  private var pods: [String: [String: OwnPod]] = [:]
  private var sets: [String: ObjectName] = [:]
  var due: Set<String> = []
  private var recorders: [String: StoreEventRecorder] = [:]
  /// By DaemonSet, then by its generation and node: until when a failed pod stays, and for how long the next one will.
  private var backOff: [String: [String: BackOff]] = [:]

  private struct BackOff {
    var since: ContinuousClock.Instant
    var delay: Duration
  }

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    switch resource {
    case .nodes:
      let name = object[path: "metadata", "name"]?.string ?? ""
      let before = nodes[name]
      nodes[name] = isGone ? .none : object
      // A kubelet's status changes nothing for us.
      let isSame =
        !isGone && before?["spec"] == object["spec"]
        && before?[path: "metadata", "labels"] == object[path: "metadata", "labels"]
      if !isSame { due.formUnion(sets.keys) }
    case .daemonSets:
      sets[object.uid] = isGone ? nil : ObjectName(object)
      if isGone {
        (pods[object.uid], recorders[object.uid], backOff[object.uid]) = (nil, nil, nil)
        due.remove(object.uid)
      } else {
        due.insert(object.uid)
      }
    default:
      let owner = object[path: "metadata", "ownerReferences"]?.array?.first { $0["controller"] == true }
      guard let owner, owner["kind"] == "DaemonSet", let uid = owner["uid"]?.string else { return }
      pods[uid, default: [:]][object.uid] = isGone ? nil : OwnPod(object)
      if pods[uid]?.isEmpty == true { pods[uid] = nil }
      if sets[uid] != nil { due.insert(uid) }
    }
  }

  mutating func reconcile(_ uid: String) {
    due.remove(uid)
    guard let key = sets[uid], let set = store.get(.daemonSets, namespace: key.namespace, name: key.name),
      set.uid == uid, !set.isTerminating
    else { return }
    let maker = DaemonPodMaker(set)
    let own = Dictionary(grouping: (pods[uid] ?? [:]).values, by: \.node)
    var count = DaemonSetCount()
    var wanted: Set<String> = []
    for (name, node) in nodes {
      let (shouldRun, mayStay) = maker.verdict(node)
      let here = own[name] ?? []
      if shouldRun { wanted.insert(name) }
      count.add(here, shouldRun: shouldRun, hash: maker.hash)
      guard mayStay else {
        for pod in here where !pod.isTerminating { delete(pod, of: set) }
        continue
      }
      let active = here.filter { !$0.isTerminating }
      let (over, living) = (active.filter(\.isOver), active.filter { !$0.isOver })
      for pod in over { replace(pod, of: set) }
      for pod in living.sorted(by: { ($0.isBound ? 0 : 1, $0.created) < ($1.isBound ? 0 : 1, $1.created) }).dropFirst()
      {
        delete(pod, of: set)
      }
      if shouldRun, here.isEmpty { create(maker.pod(for: name), of: set) }
    }
    for pod in own.values.joined() where !pod.isBound && nodes[pod.node] == nil && !pod.isTerminating {
      delete(pod, of: set)
    }
    update(set, maker, own.filter { wanted.contains($0.key) }, desired: count.desired)
    _ = try? store.modify(.daemonSets, namespace: key.namespace, name: key.name, subresource: .status) {
      $0["status"] = count.status(generation: set[path: "metadata", "generation"] ?? 1)
    }
  }

  /// Rolling update: old pods go, those that are not available first, the others as far as `maxUnavailable` allows.
  private mutating func update(
    _ set: JSON, _ maker: DaemonPodMaker, _ own: [String: [OwnPod]], desired: Int
  ) {
    guard set[path: "spec", "updateStrategy", "type"]?.string != "OnDelete" else { return }
    // A node whose pod is gone, and the next not there yet, has none either.
    var unavailable = desired - own.count
    var (replaceable, candidates): ([OwnPod], [OwnPod]) = ([], [])
    for pods in own.values {
      let living = pods.filter { !$0.isTerminating && !$0.isOver }
      guard living.count == 1, let pod = living.first else {
        unavailable += 1
        continue
      }
      if !pod.isReady { unavailable += 1 }
      if pod.hash != maker.hash { if pod.isReady { candidates.append(pod) } else { replaceable.append(pod) } }
    }
    let allowed = max(0, maker.maxUnavailable(of: desired) - unavailable)
    for pod in replaceable + candidates.sorted(by: { $0.node < $1.node }).prefix(allowed) { delete(pod, of: set) }
  }

  // MARK: Writing

  /// Makes a pod; one that is refused is tried again ever later.
  private mutating func create(_ pod: JSON, of set: JSON) {
    let subject = "create \(set[path: "metadata", "generation"]?.integer ?? 0)"
    guard !isWaiting(set.uid, for: subject) else { return }
    do {
      let made = try store.create(pod, as: .pods)
      backOff[set.uid]?[subject] = nil
      // Known before its event comes, so that no second one is made.
      pods[set.uid, default: [:]][made.uid] = OwnPod(made)
      due.insert(set.uid)
      recorder(of: set).normal("SuccessfulCreate", "Created pod: \(ObjectName(made).name)")
    } catch {
      recorder(of: set).warning("FailedCreate", "Error creating: \(error)")
      begin(set.uid, for: subject, first: .milliseconds(5), most: .seconds(1000))
    }
  }

  private mutating func delete(_ pod: OwnPod, of set: JSON) {
    guard
      (try? store.delete(
        .pods, namespace: pod.name.namespace, name: pod.name.name, options: DeleteOptions(uid: pod.uid))) != nil
    else { return }
    recorder(of: set).normal("SuccessfulDelete", "Deleted pod: \(pod.name.name)")
  }

  /// Deletes a pod that is over, so that another is made; ever later when that happens again and again.
  private mutating func replace(_ pod: OwnPod, of set: JSON) {
    let place = "\(pod.name.namespace ?? "")/\(pod.name.name)"
    let subject = "\(set[path: "status", "observedGeneration"]?.integer ?? 0) \(pod.node)"
    guard !isWaiting(set.uid, for: subject) else { return }
    begin(set.uid, for: subject, first: .seconds(1), most: .seconds(900))
    recorder(of: set).warning(
      pod.phase == "Failed" ? "FailedDaemonPod" : "SucceededDaemonPod",
      "Found \(pod.phase == "Failed" ? "failed" : "succeeded") daemon pod \(place) on node \(pod.node), will try to "
        + (pod.phase == "Failed" ? "kill it" : "delete it"))
    delete(pod, of: set)
  }

  /// Whether something that has failed has to wait; the DaemonSet is looked at again then.
  private mutating func isWaiting(_ uid: String, for subject: String) -> Bool {
    guard let known = backOff[uid]?[subject], ContinuousClock.now - known.since < pace.scaled(known.delay) else {
      return false
    }
    due.insert(uid)
    return true
  }

  /// Doubles the wait, from the first; what went well for twice the longest begins again.
  private mutating func begin(_ uid: String, for subject: String, first: Duration, most: Duration) {
    let now = ContinuousClock.now
    for (key, item) in backOff[uid] ?? [:] where now - item.since > pace.scaled(.seconds(2000)) {
      backOff[uid]?[key] = nil
    }
    let known = backOff[uid]?[subject].flatMap { now - $0.since > pace.scaled(most * 2) ? nil : $0 }
    backOff[uid, default: [:]][subject] = BackOff(since: now, delay: known.map { min($0.delay * 2, most) } ?? first)
    due.insert(uid)
  }

  private mutating func recorder(of set: JSON) -> StoreEventRecorder {
    if let recorder = recorders[set.uid] { return recorder }
    let recorder = StoreEventRecorder(
      store, component: "daemonset-controller",
      object: StoreEventRecorder.reference(to: set, kind: "DaemonSet", apiVersion: "apps/v1"), pace: pace)
    recorders[set.uid] = recorder
    return recorder
  }
}

extension DaemonSetController.OwnPod {
  init(_ pod: JSON) {
    name = ObjectName(pod)
    uid = pod.uid
    node = pod.nodeName ?? NodeMatch.names(pod["spec"] ?? [:])?.first ?? ""
    isBound = pod.nodeName != nil
    hash = pod[path: "metadata", "labels", "controller-revision-hash"]?.string ?? ""
    isReady = pod.condition("Ready") == "True"
    isTerminating = pod.isTerminating
    phase = pod.phase ?? ""
    created = pod[path: "metadata", "creationTimestamp"]?.string ?? ""
  }

  var isOver: Bool { phase == "Failed" || phase == "Succeeded" }
}
