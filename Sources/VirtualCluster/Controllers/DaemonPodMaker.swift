import Documents

/// What a DaemonSet asks for: on which nodes, and which pods.
struct DaemonPodMaker {
  private let set: JSON
  private let template: JSON
  private let spec: JSON
  private let tolerations: [JSON]
  let hash: String

  init(_ set: JSON) {
    self.set = set
    template = set[path: "spec", "template"] ?? [:]
    spec = template["spec"] ?? [:]
    hash = TemplateHash.of(template)
    var tolerations = spec["tolerations"]?.array ?? []
    for (key, effect) in Self.defaults + (spec["hostNetwork"] == true ? Self.ofHostNetwork : []) {
      let toleration: JSON = [
        "key": .string("node.kubernetes.io/\(key)"), "operator": "Exists", "effect": .string(effect),
      ]
      if !tolerations.contains(toleration) { tolerations.append(toleration) }
    }
    self.tolerations = tolerations
  }

  private static let defaults = [
    ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
  ]
  private static let ofHostNetwork = [("network-unavailable", "NoSchedule")]

  /// Whether a node is to have a pod, and whether one that is there may stay.
  func verdict(_ node: JSON) -> (shouldRun: Bool, mayStay: Bool) {
    if let name = spec["nodeName"]?.string, !name.isEmpty, name != node[path: "metadata", "name"]?.string {
      return (false, false)
    }
    guard NodeMatch.selects(spec, node) else { return (false, false) }
    if NodeMatch.untolerated(node, tolerations, effects: ["NoSchedule", "NoExecute"]) == nil { return (true, true) }
    return (false, NodeMatch.untolerated(node, tolerations, effects: ["NoExecute"]) == nil)
  }

  func pod(for node: String) -> JSON {
    var metadata: JSON = [
      "generateName": .string((set[path: "metadata", "name"]?.string ?? "") + "-"),
      "namespace": set[path: "metadata", "namespace"] ?? "default",
      "ownerReferences": [
        [
          "apiVersion": "apps/v1", "kind": "DaemonSet", "name": set[path: "metadata", "name"] ?? "",
          "uid": set[path: "metadata", "uid"] ?? "", "controller": true, "blockOwnerDeletion": true,
        ]
      ],
    ]
    for field in ["annotations", "finalizers"] { metadata[field] = template[path: "metadata", field] }
    var labels = template[path: "metadata", "labels"] ?? [:]
    labels["controller-revision-hash"] = .string(hash)
    labels["pod-template-generation"] = .string(String(set[path: "metadata", "generation"]?.integer ?? 1))
    metadata["labels"] = labels
    var spec = spec
    spec["tolerations"] = .array(tolerations)
    // The terms that the template had are met already: they are replaced, as in a real cluster.
    spec[
      path: "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"] = [
        "nodeSelectorTerms": [
          ["matchFields": [["key": "metadata.name", "operator": "In", "values": [.string(node)]]]]
        ]
      ]
    return ["metadata": metadata, "spec": spec]
  }

  /// At least one: with none, no update would ever move.
  func maxUnavailable(of desired: Int) -> Int {
    let value = set[path: "spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]
    if let text = value?.string, let percent = Int(text.dropLast()), text.hasSuffix("%") {
      return max(1, (desired * percent + 99) / 100)
    }
    return max(1, Int(value?.integer ?? 1))
  }
}

/// The numbers of a DaemonSet's status.
struct DaemonSetCount {
  private(set) var desired = 0
  private var (current, misscheduled, ready, updated): (Int, Int, Int, Int) = (0, 0, 0, 0)

  mutating func add(_ pods: [DaemonSetController.OwnPod], shouldRun: Bool, hash: String) {
    guard shouldRun else {
      if !pods.isEmpty { misscheduled += 1 }
      return
    }
    desired += 1
    guard let oldest = pods.min(by: { $0.created < $1.created }) else { return }
    current += 1
    if oldest.isReady { ready += 1 }
    if oldest.hash == hash { updated += 1 }
  }

  func status(generation: JSON) -> JSON {
    var status: JSON = [
      "observedGeneration": generation, "desiredNumberScheduled": .integer(Int64(desired)),
      "currentNumberScheduled": .integer(Int64(current)), "numberMisscheduled": .integer(Int64(misscheduled)),
      "numberReady": .integer(Int64(ready)),
    ]
    for (name, number) in [
      ("updatedNumberScheduled", updated), ("numberAvailable", ready), ("numberUnavailable", desired - ready),
    ] where number > 0 {
      status[name] = .integer(Int64(number))
    }
    return status
  }
}
