import Documents
import KubeAPIServer

/// How far a Deployment's rollout is, from the Deployment and its ReplicaSets.
struct DeploymentRollout {
  let deployment: JSON
  let sets: [JSON]
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

  // MARK: Status

  private var updated: Int { current.map { Self.count($0, "status", "replicas") } ?? 0 }
  private var available: Int { Self.sum(sets, "status", "availableReplicas") }
  private var total: Int { Self.sum(sets, "status", "replicas") }

  private var isComplete: Bool { updated == wanted && total == wanted && available == wanted }

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

  var conditions: [JSON] {
    let isAvailable = available >= wanted
    var conditions: [JSON] = [
      [
        "type": "Available", "status": isAvailable ? "True" : "False",
        "reason": isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        "message": .string("Deployment \(isAvailable ? "has" : "does not have") minimum availability."),
      ]
    ]
    let set = "ReplicaSet \"\(name)\""
    if current != nil {
      conditions.append([
        "type": "Progressing", "status": "True",
        "reason": isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        "message": .string(set + (isComplete ? " has successfully progressed." : " is progressing.")),
      ])
    }
    let failures = sets.compactMap { set in
      set[path: "status", "conditions"]?.array?.first { $0["type"] == "ReplicaFailure" }
    }
    if let failure = failures.first { conditions.append(failure) }
    return conditions
  }
}
