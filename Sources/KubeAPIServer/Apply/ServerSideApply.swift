import Documents

/// Server-side apply: the caller says what it wants, fields that it no longer wants go, others' are left alone.
struct ServerSideApply: Sendable {
  let manager: ManagedFields.Manager
  let isForced: Bool
  let rules: MergeRules
  /// What the write does not reach.
  var reset: Set<String> = []

  /// The object after the apply; throws 409 with the fields that others own and hold otherwise.
  func apply(_ applied: JSON, to live: JSON?, time: String) throws(StatusError) -> JSON {
    let wanted = ManagedFields.stripped(applied)
    let fields = FieldComparison.fields(of: wanted, rules).without(reset)
    var managed = ManagedFields(of: live)
    let before = live.map(ManagedFields.stripped) ?? [:]
    let changed = FieldComparison.changes(from: before, to: FieldComparison.merge(before, wanted, rules), rules)
      .without(reset)
    try checkConflicts(managed, fields.intersection(changed))
    var merged = FieldComparison.merge(live, applied, rules)
    let dropped = (managed.sets[manager] ?? FieldSet()).subtracting(fields)
    let others = managed.sets.filter { $0.key != manager }.values.reduce(FieldSet()) { $0.union($1) }
    merged = FieldComparison.remove(dropped.subtracting(others), from: merged, rules) ?? merged
    if let live { merged["metadata"] = restored(merged["metadata"] ?? [:], from: live["metadata"] ?? [:]) }
    managed.release(changed, except: manager)
    managed.set(manager, fields, time: time)
    merged[path: "metadata", "managedFields"] = managed.json
    return merged
  }

  /// Applying an old resource version is a conflict; all else of the system is the server's.
  private func restored(_ metadata: JSON, from live: JSON) -> JSON {
    var metadata = metadata
    for field in ["name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion"] {
      metadata[field] = live[field]
    }
    return metadata
  }

  private func checkConflicts(_ managed: ManagedFields, _ changed: FieldSet) throws(StatusError) {
    if isForced { return }
    var causes: [JSON] = []
    var texts: [String] = []
    for (other, set) in managed.sets.sorted(by: { $0.key.name < $1.key.name }) where other != manager {
      let paths = set.intersection(changed).paths()
      if paths.isEmpty { continue }
      let by =
        "conflict with \"\(other.name)\""
        + (other.subresource.isEmpty ? "" : " with subresource \"\(other.subresource)\"")
        + (other.operation == "Update"
          ? " using \(other.apiVersion)" + (managed.time(of: other).map { " at \($0)" } ?? "") : "")
      texts.append((["conflicts\(by.dropFirst("conflict".count)):"] + paths.map { "- \($0)" }).joined(separator: "\n"))
      causes += paths.map {
        ["reason": "FieldManagerConflict", "message": .string(by), "field": .string($0)]
      }
    }
    guard let first = causes.first else { return }
    let count = causes.count
    let text =
      count == 1
      ? "\(first["message"]?.string ?? ""): \(first["field"]?.string ?? "")" : texts.joined(separator: "\n")
    throw StatusError(
      409, "Conflict", "Apply failed with \(count) conflict\(count == 1 ? "" : "s"): \(text)",
      details: ["causes": .array(causes)])
  }
}
