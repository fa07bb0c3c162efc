package import Documents

/// Which objects of a resource a reader wants.
package struct ObjectFilter: Sendable, Hashable {
  package var labels: LabelQuery
  package var fields: FieldQuery

  package init(labels: LabelQuery = LabelQuery(), fields: FieldQuery = FieldQuery()) {
    self.labels = labels
    self.fields = fields
  }

  package static var all: ObjectFilter { ObjectFilter() }

  /// Pods bound to a node.
  package static func node(_ name: String) -> ObjectFilter { ObjectFilter(fields: .equal("spec.nodeName", name)) }

  package func matches(_ object: JSON) -> Bool { fields.matches(object) && labels.matches(object) }
}
