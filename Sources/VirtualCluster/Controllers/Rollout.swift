import Documents
import KubeAPIServer

/// What a Deployment's rollout needs next, from the Deployment and its ReplicaSets.
struct Rollout {
  let deployment: JSON
  var sets: [JSON]
  let hash: String
  let wanted: Int

  init(_ deployment: JSON, sets: [JSON]) {
    self.deployment = deployment
    self.sets = sets
    hash = TemplateHash.of(Self.bare(deployment[path: "spec", "template"] ?? [:]))
    wanted = Self.count(deployment, "spec", "replicas")
  }

  static func count(_ object: JSON, _ part: String, _ field: String) -> Int {
    Int(object[path: part, field]?.integer ?? 0)
  }

  /// Without the nulls that clients write: `creationTimestamp: null` makes no other template.
  private static func bare(_ json: JSON) -> JSON {
    if let list = json.array { return .array(list.map(bare)) }
    guard let object = json.object else { return json }
    return .object(object.filter { !$0.value.isNull }.mapValues(bare))
  }

  private static func sum(_ sets: [JSON], _ part: String, _ field: String) -> Int {
    sets.reduce(0) { $0 + count($1, part, field) }
  }

  private static func revision(_ set: JSON) -> Int {
    set[path: "metadata", "annotations", "deployment.kubernetes.io/revision"]?.string.flatMap { Int($0) } ?? 0
  }

  var name: String { "\(ObjectName(deployment).name)-\(hash)" }
  var isPaused: Bool { deployment[path: "spec", "paused"] == true }
  /// The ReplicaSet of the template as it is.
  var current: JSON? { sets.first { ObjectName($0).name == name } }
  /// The others, oldest first.
  var old: [JSON] {
    sets.filter { ObjectName($0).name != name }.sorted { Self.revision($0) < Self.revision($1) }
  }

  /// Of the current ReplicaSet: its own while it is the newest, else the next.
  var revision: String {
    let newest = old.map(Self.revision).max() ?? 0
    let own = current.map(Self.revision) ?? 0
    return String(own > newest ? own : newest + 1)
  }

  private func amount(_ field: String, roundsUp: Bool) -> Int {
    let value = deployment[path: "spec", "strategy", "rollingUpdate", field]
    guard let text = value?.string, let percent = Int(text.dropLast()) else { return Int(value?.integer ?? 0) }
    return (wanted * percent + (roundsUp ? 99 : 0)) / 100
  }

  private var isRecreated: Bool { deployment[path: "spec", "strategy", "type"] == "Recreate" }
  var maxSurge: Int { isRecreated ? 0 : amount("maxSurge", roundsUp: true) }
  private var maxUnavailable: Int {
    if isRecreated { return 0 }
    let unavailable = amount("maxUnavailable", roundsUp: false)
    return unavailable == 0 && maxSurge == 0 ? 1 : min(unavailable, wanted)
  }

  mutating func replace(_ set: JSON) {
    if let index = sets.firstIndex(where: { $0.uid == set.uid }) { sets[index] = set }
  }

  /// The ReplicaSet to create, without replicas.
  var newSet: JSON {
    let own = ObjectName(deployment)
    var template = deployment[path: "spec", "template"] ?? [:]
    template[path: "metadata", "labels", "pod-template-hash"] = .string(hash)
    var selector = deployment[path: "spec", "selector"] ?? [:]
    selector[path: "matchLabels", "pod-template-hash"] = .string(hash)
    var annotations = deployment[path: "metadata", "annotations"] ?? [:]
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
    annotations["deployment.kubernetes.io/revision"] = .string(revision)
    return [
      "metadata": [
        "name": .string(name), "namespace": .string(own.namespace ?? "default"), "annotations": annotations,
        "labels": template[path: "metadata", "labels"] ?? [:],
        "ownerReferences": [
          [
            "apiVersion": "apps/v1", "kind": "Deployment", "name": .string(own.name), "uid": .string(deployment.uid),
            "controller": true, "blockOwnerDeletion": true,
          ]
        ],
      ], "spec": ["replicas": 0, "selector": selector, "template": template],
    ]
  }

  /// ReplicaSets to scale now.
  func steps(hasOldPods: Bool) -> [(set: JSON, replicas: Int)] {
    guard let current else {
      // Paused before its first rollout, or between two: the newest takes what is wanted.
      guard let newest = old.last, Self.count(newest, "spec", "replicas") != wanted else { return [] }
      return [(newest, wanted)]
    }
    let have = Self.count(current, "spec", "replicas")
    let standing = old.filter { Self.count($0, "spec", "replicas") > 0 }
    if isPaused, !standing.isEmpty { return [] }
    if isRecreated {
      if !standing.isEmpty { return standing.map { ($0, 0) } }
      return hasOldPods || have == wanted ? [] : [(current, wanted)]
    }
    let total = Self.sum(sets, "spec", "replicas")
    if have > wanted { return [(current, wanted)] }
    if have < wanted {
      let room = wanted + maxSurge - total
      if room > 0 { return [(current, have + min(room, wanted - have))] }
    }
    return shrink(standing, total, current)
  }

  /// Old ReplicaSets as small as the pods that have to be available allow: those that are not available first.
  private func shrink(_ standing: [JSON], _ total: Int, _ current: JSON) -> [(set: JSON, replicas: Int)] {
    let least = wanted - maxUnavailable
    let unavailable =
      Self.count(current, "spec", "replicas")
      - min(
        Self.count(current, "status", "availableReplicas"),
        Self.count(current, "spec", "replicas"))
    var budget = total - least - unavailable
    guard budget > 0 else { return [] }
    var sizes = standing.map { Self.count($0, "spec", "replicas") }
    for (index, set) in standing.enumerated() {
      let idle = max(0, sizes[index] - Self.count(set, "status", "availableReplicas"))
      let taken = min(budget, idle)
      sizes[index] -= taken
      budget -= taken
    }
    var surplus = Self.sum(sets, "status", "availableReplicas") - least
    for index in sizes.indices where surplus > 0 {
      let taken = min(surplus, budget, sizes[index])
      sizes[index] -= taken
      surplus -= taken
      budget -= taken
    }
    return zip(standing, sizes).filter { Self.count($0, "spec", "replicas") != $1 }.map { ($0, $1) }
  }

  // MARK: Status

  private var updated: Int { current.map { Self.count($0, "status", "replicas") } ?? 0 }
  private var available: Int { Self.sum(sets, "status", "availableReplicas") }
  private var total: Int { Self.sum(sets, "status", "replicas") }

  var isComplete: Bool { updated == wanted && total == wanted && available == wanted }

  /// Without its conditions; zeros are left out, as by the real one.
  var status: JSON {
    var status: JSON = ["observedGeneration": deployment[path: "metadata", "generation"] ?? 1]
    for (field, number) in [
      ("replicas", total), ("updatedReplicas", updated), ("readyReplicas", Self.sum(sets, "status", "readyReplicas")),
      ("availableReplicas", available), ("unavailableReplicas", max(0, max(total, wanted) - available)),
    ] where number > 0 {
      status[field] = .integer(Int64(number))
    }
    return status
  }

  func conditions(isLate: Bool) -> [JSON] {
    let isAvailable = available >= wanted - maxUnavailable
    var conditions: [JSON] = [
      [
        "type": "Available", "status": isAvailable ? "True" : "False",
        "reason": isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        "message": .string("Deployment \(isAvailable ? "has" : "does not have") minimum availability."),
      ]
    ]
    let set = "ReplicaSet \"\(name)\""
    let (isGood, reason, message) =
      isComplete
      ? (true, "NewReplicaSetAvailable", "\(set) has successfully progressed.")
      : isLate
        ? (false, "ProgressDeadlineExceeded", "\(set) has timed out progressing.")
        : (true, "ReplicaSetUpdated", "\(set) is progressing.")
    if current != nil {
      conditions.append([
        "type": "Progressing", "status": isGood ? "True" : "False", "reason": .string(reason),
        "message": .string(message),
      ])
    }
    let failures = sets.compactMap { set in
      set[path: "status", "conditions"]?.array?.first { $0["type"] == "ReplicaFailure" }
    }
    if let failure = failures.first { conditions.append(failure) }
    return conditions
  }
}
