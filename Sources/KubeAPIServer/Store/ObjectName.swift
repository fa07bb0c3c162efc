package import Documents

/// The namespace and name of an object.
package struct ObjectName: Hashable, Sendable {
  package var namespace: String?
  package var name: String

  package init(_ object: JSON) {
    namespace = object[path: "metadata", "namespace"]?.string
    name = object[path: "metadata", "name"]?.string ?? ""
  }

  var key: ObjectKey { ObjectKey(namespace, name) }
}

extension JSON {
  /// `metadata.uid`.
  package var uid: String { self[path: "metadata", "uid"]?.string ?? "" }
  package var isTerminating: Bool { self[path: "metadata", "deletionTimestamp"] != nil }
  package var nodeName: String? { self[path: "spec", "nodeName"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  package var phase: String? { self[path: "status", "phase"]?.string }
  /// Of a pod: `Succeeded` or `Failed`.
  package var isOver: Bool { phase == "Succeeded" || phase == "Failed" }

  /// Of a pod or node: the status of its condition of that type.
  package func condition(_ type: String) -> String? {
    self[path: "status", "conditions"]?.array?.first { $0["type"]?.string == type }?["status"]?.string
  }

  /// Replaces the condition of its type in `status.conditions`; the time of its last change is kept when the status is.
  package mutating func set(condition: JSON, at now: String) {
    var conditions = self[path: "status", "conditions"]?.array ?? []
    var condition = condition
    let index = conditions.firstIndex { $0["type"] == condition["type"] }
    let isSame = index.map { conditions[$0]["status"] == condition["status"] } ?? false
    condition["lastTransitionTime"] =
      isSame ? index.flatMap { conditions[$0]["lastTransitionTime"] } ?? .string(now) : .string(now)
    if let index { conditions[index] = condition } else { conditions.append(condition) }
    self[path: "status", "conditions"] = .array(conditions)
  }
}
