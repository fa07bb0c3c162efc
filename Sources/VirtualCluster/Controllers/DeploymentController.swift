import Documents
import KubeAPIServer

/// Rolls out Deployments: a ReplicaSet for each template. The pods of the old ones go before those of the new one come,
/// whatever the strategy says.
///
/// ReplicaSets that nobody owns are not adopted; there is no pause and no deadline. Source: `pkg/controller/deployment`.
struct DeploymentController: ReconcilingController {
  static let resources: [ResourceName] = [.deployments, .replicaSets, .pods]

  let store: Store
  private let pace: Pace
  private var deployments: [String: ObjectName] = [:]
  var due: Set<String> = []

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    switch resource {
    case .deployments:
      deployments[object.uid] = isGone ? nil : ObjectName(object)
      if isGone { due.remove(object.uid) } else { due.insert(object.uid) }
    case .replicaSets:
      if let owner = object.controller, owner["kind"] == "Deployment", let uid = owner["uid"]?.string,
        deployments[uid] != nil
      {
        due.insert(uid)
      }
    default:
      // A rollout waits for the end of pods.
      guard isGone, object.controller?["kind"] == "ReplicaSet" else { return }
      let namespace = ObjectName(object).namespace
      for (uid, name) in deployments where name.namespace == namespace { due.insert(uid) }
    }
  }

  mutating func reconcile(_ uid: String) {
    due.remove(uid)
    guard let key = deployments[uid],
      let deployment = store.get(.deployments, namespace: key.namespace, name: key.name), deployment.uid == uid,
      !deployment.isTerminating
    else { return }
    let rollout = DeploymentRollout(deployment, sets: ownSets(of: deployment))
    for set in rollout.old where DeploymentRollout.count(set, "spec", "replicas") > 0 { scale(set, to: 0, rollout) }
    if let current = rollout.current {
      number(current, rollout)
      let have = DeploymentRollout.count(current, "spec", "replicas")
      if have > rollout.wanted || have < rollout.wanted && !hasPods(of: rollout.old) {
        scale(current, to: rollout.wanted, rollout)
      }
    } else if (try? store.create(rollout.newSet, as: .replicaSets)) == nil {
      due.insert(uid)
    }
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

  private func scale(_ set: JSON, to replicas: Int, _ rollout: DeploymentRollout) {
    let before = DeploymentRollout.count(set, "spec", "replicas")
    let name = ObjectName(set)
    let changed = try? store.modify(.replicaSets, namespace: name.namespace, name: name.name) {
      $0[path: "spec", "replicas"] = .integer(Int64(replicas))
    }
    guard changed != nil else { return }
    StoreEventRecorder(
      store, component: "deployment-controller",
      object: StoreEventRecorder.reference(to: rollout.deployment, kind: "Deployment", apiVersion: "apps/v1"),
      pace: pace
    ).normal(
      "ScalingReplicaSet",
      "Scaled \(replicas > before ? "up" : "down") replica set \(name.name) from \(before) to \(replicas)")
  }

  /// Numbers the revision that is rolled out.
  private func number(_ current: JSON, _ rollout: DeploymentRollout) {
    let key = "deployment.kubernetes.io/revision"
    for (resource, object) in [(ResourceName.replicaSets, current), (.deployments, rollout.deployment)]
    where object[path: "metadata", "annotations", key]?.string != rollout.revision {
      let name = ObjectName(object)
      _ = try? store.modify(resource, namespace: name.namespace, name: name.name) {
        $0[path: "metadata", "annotations", key] = .string(rollout.revision)
      }
    }
  }

  /// Deletes old ReplicaSets beyond the limit.
  private func clean(_ rollout: DeploymentRollout) {
    let limit = Int(rollout.deployment[path: "spec", "revisionHistoryLimit"]?.integer ?? 10)
    let idle = rollout.old.filter {
      DeploymentRollout.count($0, "status", "replicas") == 0 && DeploymentRollout.count($0, "spec", "replicas") == 0
    }
    for set in idle.dropLast(limit) {
      let name = ObjectName(set)
      _ = try? store.delete(
        .replicaSets, namespace: name.namespace, name: name.name,
        options: DeleteOptions(propagation: .background, uid: set.uid))
    }
  }

  private func writeStatus(_ rollout: DeploymentRollout) {
    let name = ObjectName(rollout.deployment)
    _ = try? store.modify(.deployments, namespace: name.namespace, name: name.name, subresource: .status) { stored in
      guard stored.uid == rollout.deployment.uid else { return }
      let kept = stored[path: "status", "conditions"]?.array?.filter { $0["type"] != "ReplicaFailure" }
      stored["status"] = rollout.status
      stored[path: "status", "conditions"] = kept.map(JSON.array)
      for condition in rollout.conditions { stored.set(condition: condition, at: store.timestamp) }
    }
  }
}
