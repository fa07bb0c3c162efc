import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who set which fields of an object: `metadata.managedFields` (KEP-555).
struct ManagedFields: Sendable {
  struct Manager: Hashable, Sendable {
    let name: String
    /// `Apply` or `Update`.
    let operation: String
    let apiVersion: String
    let subresource: String
  }

  var sets: [Manager: FieldSet] = [:]
  private var times: [Manager: JSON] = [:]

  init(of object: JSON?) {
    for entry in object?[path: "metadata", "managedFields"]?.array ?? [] {
      let manager = Manager(
        name: entry["manager"]?.string ?? "", operation: entry["operation"]?.string ?? "Update",
        apiVersion: entry["apiVersion"]?.string ?? "", subresource: entry["subresource"]?.string ?? "")
      sets[manager] = FieldSet(fieldsV1: entry["fieldsV1"] ?? [:])
      times[manager] = entry["time"]
    }
  }

  /// When the manager last changed anything.
  func time(of manager: Manager) -> String? { times[manager]?.string }

  mutating func set(_ manager: Manager, _ fields: FieldSet, time: String) {
    if sets[manager] != fields { times[manager] = .string(time) }
    sets[manager] = fields.isEmpty ? nil : fields
  }

  /// Takes fields away from all but one.
  mutating func release(_ fields: FieldSet, except kept: Manager? = nil) {
    for (manager, set) in sets where manager != kept {
      let rest = set.subtracting(fields)
      sets[manager] = rest.isEmpty ? nil : rest
    }
  }

  var json: JSON {
    let entries = sets.sorted {
      ($0.key.name, $0.key.operation, $0.key.subresource) < ($1.key.name, $1.key.operation, $1.key.subresource)
    }
    return .array(
      entries.map { manager, set in
        var entry: JSON = [
          "manager": .string(manager.name), "operation": .string(manager.operation),
          "apiVersion": .string(manager.apiVersion), "fieldsType": "FieldsV1", "fieldsV1": set.fieldsV1,
        ]
        entry["time"] = times[manager]
        if !manager.subresource.isEmpty { entry["subresource"] = .string(manager.subresource) }
        return entry
      })
  }

  /// What nobody owns.
  static func stripped(_ object: JSON) -> JSON {
    var object = object
    for field in [
      "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
      "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
    ] { object[path: "metadata", field] = nil }
    if object["metadata"]?.object?.isEmpty == true { object["metadata"] = nil }
    object["apiVersion"] = nil
    object["kind"] = nil
    return object
  }

  /// `object` as an update by the caller leaves it: what it changed is the caller's now.
  static func written(_ object: JSON, over old: JSON?, by call: APICall, at time: String) -> JSON {
    var object = object
    if object[path: "metadata", "managedFields"] == [[:]] || object[path: "metadata", "managedFields"] == [] {
      object[path: "metadata", "managedFields"] = nil
      return object
    }
    let rules = MergeRules(call.definition, version: call.version)
    let (before, after) = (old.map(stripped), stripped(object))
    var managed = ManagedFields(of: old)
    let reset = call.definition.resetFields(call.subresource)
    let changed = FieldComparison.changes(from: before, to: after, rules).without(reset)
    let all = managed.sets.isEmpty ? FieldSet() : FieldComparison.fields(of: after, rules)
    for (manager, set) in managed.sets {
      // What is no longer there is nobody's; what changed is no longer theirs.
      let own = set.without(reset)
      let rest = own.intersection(all).subtracting(changed).union(set.subtracting(own))
      managed.sets[manager] = rest.isEmpty ? nil : rest
    }
    if !changed.isEmpty {
      let manager = Manager(
        name: call.fieldManager, operation: "Update", apiVersion: call.definition.apiVersion(call.version),
        subresource: call.subresource ?? "")
      managed.set(manager, (managed.sets[manager] ?? FieldSet()).union(changed), time: time)
    }
    object[path: "metadata", "managedFields"] = managed.sets.isEmpty ? nil : managed.json
    return object
  }
}
