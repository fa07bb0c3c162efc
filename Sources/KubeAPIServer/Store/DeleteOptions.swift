package import Documents

/// How an object is to be deleted: `metav1.DeleteOptions`.
package struct DeleteOptions: Sendable {
  package enum Propagation: String, Sendable {
    case orphan = "Orphan"
    case background = "Background"
    case foreground = "Foreground"
  }

  /// Seconds; nil for the object's own.
  package var gracePeriod: Int?
  package var propagation: Propagation?
  /// Only when the object has this uid.
  package var uid: String?
  package var resourceVersion: String?
  package var dryRun = false

  package init(
    gracePeriod: Int? = nil, propagation: Propagation? = nil, uid: String? = nil, resourceVersion: String? = nil,
    dryRun: Bool = false
  ) {
    self.gracePeriod = gracePeriod
    self.propagation = propagation
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.dryRun = dryRun
  }

  /// From the body of a DELETE; throws for an unknown policy.
  init(_ body: JSON) throws(StatusError) {
    gracePeriod = body["gracePeriodSeconds"]?.integer.map { Int($0) }
    if let policy = body["propagationPolicy"]?.string {
      guard let known = Propagation(rawValue: policy) else {
        throw .invalid(
          ResourceName(plural: ""), kind: "DeleteOptions", name: "",
          [.unsupported("propagationPolicy", .string(policy), ["Background", "Foreground", "Orphan", "nil"])])
      }
      propagation = known
    } else if let orphan = body["orphanDependents"]?.bool {
      propagation = orphan ? .orphan : .background
    }
    uid = body[path: "preconditions", "uid"]?.string
    resourceVersion = body[path: "preconditions", "resourceVersion"]?.string
    dryRun = body["dryRun"]?.array?.contains("All") ?? false
  }
}

/// What became of a deletion.
package struct Deletion: Sendable {
  /// As it was deleted, or as it stands with its `deletionTimestamp`.
  package let object: JSON
  /// False while a grace period or finalizers hold it.
  package let isGone: Bool
  /// As watchers get it; nil when nothing was written.
  let written: StoredObject?

  init(object: JSON, isGone: Bool) { (self.object, self.isGone, written) = (object, isGone, nil) }

  init(_ written: StoredObject, isGone: Bool) {
    (object, self.isGone, self.written) = (written.json, isGone, written)
  }
}
