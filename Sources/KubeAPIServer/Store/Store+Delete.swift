import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Store {
  /// Deletes an object, or marks it for deletion while finalizers or a pod's grace period hold it.
  ///
  /// A pod with a node and a grace period only gets its `deletionTimestamp`; its kubelet then deletes it with
  /// grace 0. The controller of finalizers (`foregroundDeletion`, `orphan`) removes them with ``modify``.
  @discardableResult
  package func delete(
    _ resource: ResourceName, namespace: String? = nil, name: String, options: DeleteOptions = DeleteOptions(),
    review: Review? = nil
  ) throws(StatusError) -> Deletion {
    guard let definition = definition(resource) else { throw .unknownPath }
    let key = ObjectKey(definition.isNamespaced ? namespace : nil, name)
    if resource == ResourceName(plural: "namespaces"), Self.isProtected(name) {
      throw .forbidden(resource, name, "this namespace may not be deleted")
    }
    while true {
      guard let current = stored(resource, key) else { throw .notFound(resource, name) }
      try Self.check(options, current.json, resource, name)
      try review?(nil, current.json)
      guard let object = marked(current.json, definition, options) else {
        return Deletion(object: current.json, isGone: false)
      }
      let isGone = Self.isFinished(object, definition)
      if options.dryRun { return Deletion(object: object, isGone: isGone) }
      // What a watcher gets is the object as it was, unless it was already on its way out.
      let step: Step = isGone ? .remove(current.json) : .put(object)
      if let stored = try commit(step, over: current, definition, key) {
        return Deletion(stored, isGone: isGone)
      }
    }
  }

  private static func isProtected(_ namespace: String) -> Bool {
    ["default", "kube-system", "kube-public"].contains(namespace)
  }

  private static func check(
    _ options: DeleteOptions, _ object: JSON, _ resource: ResourceName, _ name: String
  ) throws(StatusError) {
    let uid = object[path: "metadata", "uid"]?.string ?? ""
    if let wanted = options.uid, wanted != uid {
      throw .conflict(
        resource, name,
        "Precondition failed: UID in precondition: \(wanted), UID in object meta: \(uid)")
    }
    let version = object[path: "metadata", "resourceVersion"]?.string ?? ""
    if let wanted = options.resourceVersion, wanted != version {
      throw .conflict(
        resource, name,
        "Precondition failed: ResourceVersion in precondition: \(wanted), "
          + "ResourceVersion in object meta: \(version)")
    }
  }

  /// The object with its deletion asked for; nil when that changes nothing.
  private func marked(_ object: JSON, _ definition: ResourceDefinition, _ options: DeleteOptions) -> JSON? {
    var object = object
    var metadata = object["metadata"] ?? [:]
    var finalizers = (metadata["finalizers"]?.array ?? []).compactMap(\.string)
    let asked = finalizers
    if let propagation = options.propagation {
      finalizers.removeAll { $0 == "orphan" || $0 == "foregroundDeletion" }
      if propagation == .orphan { finalizers.append("orphan") }
      if propagation == .foreground { finalizers.append("foregroundDeletion") }
    }
    let grace = gracePeriod(object, definition, options)
    let before = metadata["deletionGracePeriodSeconds"]?.integer.map { Int($0) }
    if metadata["deletionTimestamp"] != nil {
      guard grace < before ?? 0 || Set(finalizers) != Set(asked) else {
        return Self.isFinished(object, definition) ? object : nil
      }
    }
    let seconds = min(grace, before ?? grace)
    if metadata["deletionTimestamp"] == nil, let generation = metadata["generation"]?.integer {
      metadata["generation"] = .integer(generation + 1)
    }
    if metadata["deletionTimestamp"] == nil || seconds != before {
      metadata["deletionTimestamp"] = .string((now() + Double(seconds)).formatted(.iso8601))
    }
    metadata["deletionGracePeriodSeconds"] = .integer(Int64(seconds))
    metadata["finalizers"] = finalizers.isEmpty ? nil : .array(finalizers.map(JSON.string))
    if definition.name == ResourceName(plural: "namespaces") {
      metadata["deletionGracePeriodSeconds"] = nil
      object[path: "status", "phase"] = "Terminating"
    }
    object["metadata"] = metadata
    return object
  }

  /// Only pods have one: theirs, or the one asked for; none when no kubelet has to stop anything.
  private func gracePeriod(_ object: JSON, _ definition: ResourceDefinition, _ options: DeleteOptions) -> Int {
    guard definition.name == ResourceName(plural: "pods") else { return 0 }
    let phase = object[path: "status", "phase"]?.string
    if (object[path: "spec", "nodeName"]?.string ?? "").isEmpty || phase == "Succeeded" || phase == "Failed" {
      return 0
    }
    let own = object[path: "spec", "terminationGracePeriodSeconds"]?.integer.map { Int($0) } ?? 30
    let before = object[path: "metadata", "deletionGracePeriodSeconds"]?.integer.map { Int($0) }
    let seconds = options.gracePeriod ?? before ?? own
    return seconds < 0 ? 1 : seconds
  }
}
