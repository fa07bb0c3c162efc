package import Documents

/// What a value of the API may be: the one source of the CustomResourceDefinitions and of the API reference.
///
/// The Swift types say the same for programs; a test holds the two together.
package struct Schema: Hashable, Sendable {
  package indirect enum Shape: Hashable, Sendable {
    case object([Field])
    /// Names of any kind, with values of one.
    case map(Schema)
    case list(Schema, ListKind, atMost: Int?)
    /// - Parameter atMost: characters. Without a limit no rule can be given: its cost is estimated from it.
    case text(atMost: Int?)
    /// As Go writes it: `1h30m`.
    case duration
    /// One of these.
    case choice([String])
    /// RFC 3339.
    case time
    case integer(least: Int64?, bits: Int)
    case number
    case boolean
    /// A number, or a share such as `10%`.
    case intOrString
  }

  /// How server-side apply and the check for duplicates see a list.
  package enum ListKind: Hashable, Sendable {
    case atomic
    case set
    /// A map in disguise, by these members of its elements.
    case map([String])
  }

  package struct Field: Hashable, Sendable {
    package let name: String
    package let schema: Schema
    package let isRequired: Bool
  }

  /// A condition that the API server checks, in CEL over `self`.
  package struct Rule: Hashable, Sendable {
    package let expression: String
    /// What a person reads when it does not hold: what must be, and why.
    package let message: String
    /// The member that is to blame, as `.images`; the value itself when nil.
    package let fieldPath: String?
    /// `FieldValueRequired`, `FieldValueForbidden`, …; `FieldValueInvalid` when nil.
    package let reason: String?
  }

  package var shape: Shape
  package var description: String
  /// What the API server puts where nothing is given.
  package var standard: JSON?
  package var rules: [Rule] = []

  init(_ description: String, _ shape: Shape, standard: JSON? = nil) {
    self.shape = shape
    self.description = description
    self.standard = standard
  }

  func rule(_ expression: String, _ message: String, at fieldPath: String? = nil, reason: String? = nil) -> Schema {
    var schema = self
    schema.rules.append(Rule(expression: expression, message: message, fieldPath: fieldPath, reason: reason))
    return schema
  }
}

extension Schema.Field {
  static func required(_ name: String, _ schema: Schema) -> Schema.Field {
    Schema.Field(name: name, schema: schema, isRequired: true)
  }

  static func optional(_ name: String, _ schema: Schema) -> Schema.Field {
    Schema.Field(name: name, schema: schema, isRequired: false)
  }
}
