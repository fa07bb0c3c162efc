/// What every object says about itself.
package struct ObjectMeta: Codable, Hashable, Sendable {
  package var name: String?
  /// The API server makes a name that begins with this, when `name` is nil.
  package var generateName: String?
  package var namespace: String?
  package var labels: StringMap?
  package var annotations: StringMap?
  package var ownerReferences: [OwnerReference]?
  package var finalizers: [String]?
  /// Set by the API server, like all below. Opaque: only equality means something.
  package var resourceVersion: String?
  package var uid: String?
  package var generation: Int?
  /// RFC 3339, whole seconds.
  package var creationTimestamp: String?
  /// When deletion was asked for; the object goes when its finalizers and its grace period are done.
  package var deletionTimestamp: String?

  package init(
    name: String? = nil, namespace: String? = nil, labels: StringMap? = nil, annotations: StringMap? = nil
  ) {
    self.name = name
    self.namespace = namespace
    self.labels = labels
    self.annotations = annotations
  }
}

/// The object that this one belongs to, and goes with.
package struct OwnerReference: Codable, Hashable, Sendable {
  package var apiVersion: String
  package var kind: String
  package var name: String
  package var uid: String
  package var controller: Bool?
  package var blockOwnerDeletion: Bool?

  package init(
    apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil,
    blockOwnerDeletion: Bool? = nil
  ) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    self.controller = controller
    self.blockOwnerDeletion = blockOwnerDeletion
  }
}

/// A selector of objects by their labels.
package struct LabelSelector: Codable, Hashable, Sendable {
  package struct Requirement: Codable, Hashable, Sendable {
    package var key: String
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    package var `operator`: String
    package var values: [String]?

    package init(key: String, operator: String, values: [String]? = nil) {
      self.key = key
      self.operator = `operator`
      self.values = values
    }
  }

  package var matchLabels: StringMap?
  package var matchExpressions: [Requirement]?

  package init(matchLabels: StringMap? = nil) { self.matchLabels = matchLabels }
}

/// A reference to an object of the same namespace, by name.
package struct LocalObjectReference: Codable, Hashable, Sendable {
  package var name: String

  package init(name: String) { self.name = name }
}
