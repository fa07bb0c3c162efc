import Documents
package import Kubernetes

/// The changes of a Node object that the operator makes: nothing but the taint of a gate, and its own condition.
package enum GatePatch {
  /// Takes the taints of a key from a node, and nothing else: it fails when the node is another one by now, or its
  /// taints have moved.
  ///
  /// - Returns: nil when there is no such taint.
  package static func removal(of key: String, from taints: [Taint], nodeUID: String) -> Patch? {
    let indices = taints.indices.filter { taints[$0].key == key }
    guard !indices.isEmpty else { return nil }
    var operations: [JSON] = [["op": "test", "path": "/metadata/uid", "value": .string(nodeUID)]]
    for index in indices.reversed() {
      for (field, value) in [("key", key), ("effect", taints[index].effect)] {
        operations.append(["op": "test", "path": .string("/spec/taints/\(index)/\(field)"), "value": .string(value)])
      }
      operations.append(["op": "remove", "path": .string("/spec/taints/\(index)")])
    }
    return .json(operations)
  }

  /// Sets the condition among those that kubelets and others write.
  ///
  /// - Parameter time: now, RFC 3339.
  package static func condition(isWarm: Bool, reason: String, message: String, at time: String) -> Patch {
    let condition: JSON = [
      "type": .string(PullerKey.warm), "status": .string(isWarm ? "True" : "False"), "reason": .string(reason),
      "message": .string(message), "lastTransitionTime": .string(time), "lastHeartbeatTime": .string(time),
    ]
    return .strategic(["status": ["conditions": [condition]]])
  }

  /// Takes the condition away, as no Prepull wants anything of the node.
  package static let noCondition = Patch.strategic([
    "status": ["conditions": [["$patch": "delete", "type": .string(PullerKey.warm)]]]
  ])
}
