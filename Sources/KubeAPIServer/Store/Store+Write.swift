package import Documents
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Store {
  /// Stores a new object, completed as the API server does it; returns it as stored.
  ///
  /// - Parameter object: `metadata.namespace` says where; `metadata.name` or `generateName` how it is called.
  /// - Throws: 409 `AlreadyExists`, 422 `Invalid`, 403 from admission, 404 for a missing namespace.
  @discardableResult
  package func create(
    _ object: JSON, as resource: ResourceName, dryRun: Bool = false, review: Review? = nil
  ) throws(StatusError) -> JSON {
    guard let definition = definition(resource) else { throw .unknownPath }
    guard resource == .pods, count(.resourceQuotas) > 0 else {
      return try create(object, definition, dryRun: dryRun, review)
    }
    return try admission.withLock { _ throws(StatusError) in try create(object, definition, dryRun: dryRun, review) }
  }

  private func create(
    _ object: JSON, _ definition: ResourceDefinition, dryRun: Bool, _ review: Review?
  ) throws(StatusError) -> JSON {
    let resource = definition.name
    for attempt in 1... {
      let (key, prepared) = try prepared(object, definition)
      try review?(prepared, nil)
      if dryRun {
        try state.withLock { state throws(StatusError) in
          if state.tables[resource]?.objects[key] != nil { throw .alreadyExists(resource, key.name) }
          try Self.checkNamespace(state, definition, key)
        }
        return prepared
      }
      if let stored = try commit(.put(prepared), over: nil, definition, key) { return stored.json }
      let isGenerated = (object[path: "metadata", "name"]?.string ?? "").isEmpty
      guard isGenerated, attempt < 8 else { throw .alreadyExists(resource, key.name) }
    }
    throw .unknownPath
  }

  private func prepared(
    _ object: JSON, _ definition: ResourceDefinition
  ) throws(StatusError) -> (ObjectKey, JSON) {
    var object = object
    if object["metadata"]?.object == nil { object["metadata"] = [:] }
    var metadata = object["metadata"] ?? [:]
    object["metadata"] = .null
    for field in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"] {
      metadata[field] = nil
    }
    if let prefix = metadata["generateName"]?.string, !prefix.isEmpty,
      (metadata["name"]?.string ?? "").isEmpty
    {
      metadata["name"] = .string(prefix.prefix(58) + Self.suffix())
    }
    if !definition.isNamespaced { metadata["namespace"] = nil }
    let namespace = metadata["namespace"]?.string ?? ""
    if definition.isNamespaced, namespace.isEmpty {
      throw .badRequest("an empty namespace may not be set during creation")
    }
    metadata["uid"] = .string(UUID().uuidString.lowercased())
    metadata["creationTimestamp"] = .string(timestamp)
    if definition.hasGeneration { metadata["generation"] = 1 }
    object["metadata"] = metadata
    if object["apiVersion"]?.string == nil { object["apiVersion"] = .string(definition.apiVersion) }
    object["kind"] = .string(definition.kind)
    if definition.subresources.contains(.status), definition.name.plural != "nodes" { object["status"] = nil }
    if let custom = definition.custom { try custom.admit(&object, definition) }
    definition.defaults(&object, nil)
    definition.initialStatus(&object)
    let name = metadata["name"]?.string ?? ""
    let problems =
      MetadataValidation.problems(object["metadata"] ?? .null, definition) + definition.validate(object, nil)
    guard problems.isEmpty else { throw .invalid(definition.name, kind: definition.kind, name: name, problems) }
    try admit(&object, definition)
    return (ObjectKey(definition.isNamespaced ? namespace : nil, name), object)
  }

  /// Five characters that make no words.
  static func suffix() -> String {
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    return String((0..<5).map { _ in alphabet.randomElement() ?? "x" })
  }

  /// Changes an object as it is now; `change` runs again when somebody else writes between.
  ///
  /// - Parameter subresource: nil changes all but the status of kinds that have it apart, `.status` only that,
  ///   `.binding` a pod's node and status, `.finalize` a namespace's `spec.finalizers`.
  /// - Parameter review: who else is asked.
  /// - Returns: the object as stored; unchanged ones are not written.
  @discardableResult
  package func modify(
    _ resource: ResourceName, namespace: String? = nil, name: String, subresource: Subresource? = nil,
    dryRun: Bool = false, review: Review? = nil, _ change: (inout JSON) throws -> Void
  ) throws -> JSON {
    guard let definition = definition(resource) else { throw StatusError.unknownPath }
    let key = ObjectKey(definition.isNamespaced ? namespace : nil, name)
    while true {
      guard let current = stored(resource, key) else { throw StatusError.notFound(resource, name) }
      var object = current.json
      try change(&object)
      if object == current.json, review == nil { return object }
      object = try updated(object, from: current.json, definition, subresource)
      try review?(object, current.json)
      if object == current.json || dryRun { return object }
      let step: Step = Self.isFinished(object, definition) ? .remove(object) : .put(object)
      if let stored = try commit(step, over: current, definition, key) { return stored.json }
    }
  }

  /// Whether nothing holds an object any longer that is to be deleted.
  static func isFinished(_ object: JSON, _ definition: ResourceDefinition) -> Bool {
    guard let metadata = object["metadata"], metadata["deletionTimestamp"] != nil,
      (metadata["finalizers"]?.array ?? []).isEmpty, metadata["deletionGracePeriodSeconds"]?.integer ?? 0 == 0
    else { return false }
    if definition.name == ResourceName(plural: "namespaces") {
      return (object[path: "spec", "finalizers"]?.array ?? []).isEmpty
    }
    return true
  }

  /// `new` with what an update may not touch put back, completed and checked.
  private func updated(
    _ new: JSON, from old: JSON, _ definition: ResourceDefinition, _ subresource: Subresource?
  ) throws(StatusError) -> JSON {
    var object = new
    let name = old[path: "metadata", "name"]?.string ?? ""
    var metadata = new["metadata"] ?? [:]
    if let other = metadata["uid"]?.string, .string(other) != old[path: "metadata", "uid"] {
      throw .conflict(
        definition.name, name,
        "Precondition failed: UID in precondition: \(other), UID in object meta: "
          + (old[path: "metadata", "uid"]?.string ?? ""))
    }
    for field in [
      "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
      "generation", "resourceVersion", "generateName", "selfLink",
    ] {
      metadata[field] = old[path: "metadata", field]
    }
    let held = Set((old[path: "metadata", "finalizers"]?.array ?? []).compactMap(\.string))
    let added = (metadata["finalizers"]?.array ?? []).compactMap(\.string).filter { !held.contains($0) }
    if metadata["deletionTimestamp"] != nil, !added.isEmpty {
      throw .invalid(
        definition.name, kind: definition.kind, name: name,
        [
          .forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers "
              + "[]string{\(added.map { "\"\($0)\"" }.joined(separator: ", "))}")
        ])
    }
    object["kind"] = old["kind"]
    object["apiVersion"] = old["apiVersion"]
    switch subresource {
    case .status:
      object = old
      object["status"] = new["status"]
      if definition.custom != nil {
        let managed = metadata["managedFields"]
        metadata = old["metadata"] ?? [:]
        metadata["managedFields"] = managed
      }
    case .finalize:
      object = old
      object[path: "spec", "finalizers"] = new[path: "spec", "finalizers"]
    case .binding, .scale: break
    default: if definition.subresources.contains(.status) { object["status"] = old["status"] }
    }
    object["metadata"] = metadata
    if let custom = definition.custom { try custom.admit(&object, definition, old: old) }
    if subresource == nil || subresource == .scale { definition.defaults(&object, old) }
    var problems = metadata == old["metadata"] ? [] : MetadataValidation.problems(metadata, definition)
    if subresource == nil || subresource == .scale { problems += definition.validate(object, old) }
    guard problems.isEmpty else { throw .invalid(definition.name, kind: definition.kind, name: name, problems) }
    if definition.hasGeneration, Self.isNewGeneration(object, old, definition) {
      object[path: "metadata", "generation"] = .integer((metadata["generation"]?.integer ?? 0) + 1)
    }
    return object
  }

  private static func isNewGeneration(_ new: JSON, _ old: JSON, _ definition: ResourceDefinition) -> Bool {
    guard definition.custom != nil else { return new["spec"] != old["spec"] }
    var (a, b) = (new, old)
    for field in definition.subresources.contains(.status) ? ["metadata", "status"] : ["metadata"] {
      a[field] = nil
      b[field] = nil
    }
    return a != b
  }
}
