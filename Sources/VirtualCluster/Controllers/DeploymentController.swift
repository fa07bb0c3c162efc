import Documents
import KubeAPIServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Rolls out Deployments: a ReplicaSet for each template, the old ones scaled down as the new one comes up.
///
/// ReplicaSets that nobody owns are not adopted, and there is no proportional scaling. Source:
/// `pkg/controller/deployment`.
struct DeploymentController {
  private let store: Store
  private let pace: Pace
  private var deployments: [String: ObjectName] = [:]
  private var due: Set<String> = []
  private var recorders: [String: EventRecorder] = [:]
  /// When a rollout last came forward, and how far it was.
  private var progress: [String: (at: ContinuousClock.Instant, mark: [JSON?])] = [:]

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  func run() async {
    var copy = self
    await store.follow([.deployments, .replicaSets, .pods], tick: .milliseconds(50)) { change in
      switch change {
      case .event(let resource, let event): copy.note(resource, event)
      case .synced: break
      case .tick: for uid in copy.due { copy.reconcile(uid) }
      }
      return true
    }
  }

  private mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    switch resource {
    case .deployments:
      deployments[object.uid] = isGone ? nil : ObjectName(object)
      if isGone { (recorders[object.uid], progress[object.uid]) = (nil, nil) } else { due.insert(object.uid) }
    case .replicaSets:
      if let owner = object.controller, owner["kind"] == "Deployment", let uid = owner["uid"]?.string,
        deployments[uid] != nil
      {
        due.insert(uid)
      }
    default:
      // `Recreate` waits for the end of pods.
      guard isGone, object.controller?["kind"] == "ReplicaSet" else { return }
      let namespace = ObjectName(object).namespace
      for (uid, name) in deployments where name.namespace == namespace { due.insert(uid) }
    }
  }

  private mutating func reconcile(_ uid: String) {
    due.remove(uid)
    guard let key = deployments[uid],
      let deployment = store.get(.deployments, namespace: key.namespace, name: key.name), deployment.uid == uid,
      !deployment.isTerminating
    else { return }
    var rollout = Rollout(deployment, sets: ownSets(of: deployment))
    if rollout.current == nil, !rollout.isPaused { create(&rollout) }
    for step in rollout.steps(hasOldPods: hasPods(of: rollout.old)) { scale(step.set, to: step.replicas, &rollout) }
    number(&rollout)
    clean(rollout)
    writeStatus(rollout)
  }

  private func ownSets(of deployment: JSON) -> [JSON] {
    store.list(.replicaSets, namespace: ObjectName(deployment).namespace).items.filter {
      $0.controller?["uid"]?.string == deployment.uid && !$0.isTerminating
    }
  }

  private func hasPods(of sets: [JSON]) -> Bool {
    let owners = Set(sets.map(\.uid))
    guard let namespace = sets.first.map(ObjectName.init)?.namespace else { return false }
    return store.list(.pods, namespace: namespace).items.contains {
      !$0.isOver && $0.controller?["uid"]?.string.map(owners.contains) == true
    }
  }

  // MARK: Writing

  private mutating func create(_ rollout: inout Rollout) {
    do {
      let made = try store.create(rollout.newSet, as: .replicaSets)
      rollout.sets.append(made)
    } catch {
      recorder(of: rollout.deployment).warning("ReplicaSetCreateError", "Failed to create new replica set: \(error)")
      due.insert(rollout.deployment.uid)
    }
  }

  private mutating func scale(_ set: JSON, to replicas: Int, _ rollout: inout Rollout) {
    let before = Rollout.count(set, "spec", "replicas")
    let name = ObjectName(set)
    guard
      let changed = try? store.modify(
        .replicaSets, namespace: name.namespace, name: name.name,
        { stored in
          stored[path: "spec", "replicas"] = .integer(Int64(replicas))
          stored[path: "metadata", "annotations", "deployment.kubernetes.io/desired-replicas"] = .string(
            String(rollout.wanted))
          stored[path: "metadata", "annotations", "deployment.kubernetes.io/max-replicas"] = .string(
            String(rollout.wanted + rollout.maxSurge))
        })
    else { return }
    rollout.replace(changed)
    recorder(of: rollout.deployment).normal(
      "ScalingReplicaSet",
      "Scaled \(replicas > before ? "up" : "down") replica set \(name.name) from \(before) to \(replicas)")
  }

  /// Numbers the revision that is rolled out.
  private func number(_ rollout: inout Rollout) {
    guard let current = rollout.current else { return }
    let revision = rollout.revision
    let key = "deployment.kubernetes.io/revision"
    for (resource, object) in [(ResourceName.replicaSets, current), (.deployments, rollout.deployment)]
    where object[path: "metadata", "annotations", key]?.string != revision {
      let name = ObjectName(object)
      let changed = try? store.modify(resource, namespace: name.namespace, name: name.name) {
        $0[path: "metadata", "annotations", key] = .string(revision)
      }
      if resource == .replicaSets, let changed { rollout.replace(changed) }
    }
  }

  /// Deletes old ReplicaSets beyond the limit.
  private func clean(_ rollout: Rollout) {
    let limit = Int(rollout.deployment[path: "spec", "revisionHistoryLimit"]?.integer ?? 10)
    let idle = rollout.old.filter {
      Rollout.count($0, "status", "replicas") == 0 && Rollout.count($0, "spec", "replicas") == 0
    }
    for set in idle.dropLast(limit) {
      let name = ObjectName(set)
      _ = try? store.delete(
        .replicaSets, namespace: name.namespace, name: name.name,
        options: DeleteOptions(propagation: .background, uid: set.uid))
    }
  }

  private mutating func writeStatus(_ rollout: Rollout) {
    let deployment = rollout.deployment
    let name = ObjectName(deployment)
    var status = rollout.status
    let mark =
      ["updatedReplicas", "readyReplicas", "availableReplicas", "replicas"].map { status[$0] } + [
        .string(rollout.hash)
      ]
    if progress[deployment.uid]?.mark != mark { progress[deployment.uid] = (.now, mark) }
    let deadline = Duration.seconds(deployment[path: "spec", "progressDeadlineSeconds"]?.integer ?? 600)
    let since = progress[deployment.uid]?.at ?? .now
    let isLate = !rollout.isComplete && ContinuousClock.now - since > pace.scaled(deadline)
    if !rollout.isComplete { due.insert(deployment.uid) }
    _ = try? store.modify(.deployments, namespace: name.namespace, name: name.name, subresource: .status) { stored in
      guard stored.uid == deployment.uid else { return }
      let kept = stored[path: "status", "conditions"]?.array?.filter { $0["type"] != "ReplicaFailure" }
      status["conditions"] = kept.map(JSON.array)
      stored["status"] = status
      for condition in rollout.conditions(isLate: isLate) { stored.set(condition: condition, since: store.timestamp) }
    }
  }

  private mutating func recorder(of deployment: JSON) -> EventRecorder {
    if let recorder = recorders[deployment.uid] { return recorder }
    let recorder = EventRecorder(
      store, component: "deployment-controller",
      object: EventRecorder.reference(to: deployment, kind: "Deployment", apiVersion: "apps/v1"), pace: pace)
    recorders[deployment.uid] = recorder
    return recorder
  }
}

extension JSON {
  /// Sets a condition that has `lastUpdateTime`, too; nothing changes when it says the same already.
  fileprivate mutating func set(condition: JSON, since now: String) {
    let before = self[path: "status", "conditions"]?.array?.first { $0["type"] == condition["type"] }
    let isSame = ["status", "reason", "message"].allSatisfy { before?[$0] == condition[$0] }
    var condition = condition
    condition["lastUpdateTime"] = isSame ? before?["lastUpdateTime"] ?? .string(now) : .string(now)
    set(condition: condition, at: now)
  }
}
