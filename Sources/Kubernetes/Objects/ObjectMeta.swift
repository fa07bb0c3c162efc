/// What every object says about itself.
package struct ObjectMeta: Codable, Hashable, Sendable {
  package var name: String?
  package var namespace: String?
  package var labels: StringMap?
  package var annotations: StringMap?

  package init(
    name: String? = nil, namespace: String? = nil, labels: StringMap? = nil, annotations: StringMap? = nil
  ) {
    self.name = name
    self.namespace = namespace
    self.labels = labels
    self.annotations = annotations
  }
}

/// A selector of objects by their labels.
package struct LabelSelector: Codable, Hashable, Sendable {
  package var matchLabels: StringMap?

  package init(matchLabels: StringMap? = nil) { self.matchLabels = matchLabels }
}

/// A reference to an object of the same namespace, by name.
package struct LocalObjectReference: Codable, Hashable, Sendable {
  package var name: String

  package init(name: String) { self.name = name }
}
