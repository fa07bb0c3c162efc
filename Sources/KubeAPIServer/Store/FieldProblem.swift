package import Documents

/// What is wrong with one field of an object, worded as apimachinery's `field.Error`.
package struct FieldProblem: Hashable, Sendable, CustomStringConvertible {
  /// `FieldValueRequired`, …
  package let reason: String
  /// `spec.containers[0].image`.
  package let field: String
  package let message: String

  package init(reason: String, field: String, message: String) {
    self.reason = reason
    self.field = field
    self.message = message
  }

  package var description: String { "\(field): \(message)" }

  var cause: JSON { ["reason": .string(reason), "message": .string(message), "field": .string(field)] }

  package static func required(_ field: String, _ detail: String = "") -> FieldProblem {
    FieldProblem(
      reason: "FieldValueRequired", field: field, message: "Required value" + (detail.isEmpty ? "" : ": \(detail)"))
  }

  package static func invalid(_ field: String, _ value: JSON, _ detail: String) -> FieldProblem {
    FieldProblem(reason: "FieldValueInvalid", field: field, message: "Invalid value: \(value.text): \(detail)")
  }

  static let noVersion = FieldProblem(
    reason: "FieldValueInvalid", field: "metadata.resourceVersion",
    message: "Invalid value: 0x0: must be specified for an update")

  package static func duplicate(_ field: String, _ value: JSON) -> FieldProblem {
    FieldProblem(reason: "FieldValueDuplicate", field: field, message: "Duplicate value: \(value.text)")
  }

  package static func unsupported(_ field: String, _ value: JSON, _ supported: [String]) -> FieldProblem {
    FieldProblem(
      reason: "FieldValueNotSupported", field: field,
      message: "Unsupported value: \(value.text): supported values: "
        + supported.sorted().map { "\"\($0)\"" }.joined(separator: ", "))
  }

  package static func forbidden(_ field: String, _ detail: String) -> FieldProblem {
    FieldProblem(reason: "FieldValueForbidden", field: field, message: "Forbidden: \(detail)")
  }

  package static func tooLong(_ field: String, _ limit: Int) -> FieldProblem {
    FieldProblem(reason: "FieldValueTooLong", field: field, message: "Too long: may not be more than \(limit) bytes")
  }

  package static func tooMany(_ field: String, _ count: Int, _ limit: Int) -> FieldProblem {
    FieldProblem(
      reason: "FieldValueTooMany", field: field, message: "Too many: \(count): must have at most \(limit) items")
  }

  package static func notFound(_ field: String, _ value: JSON) -> FieldProblem {
    FieldProblem(reason: "FieldValueNotFound", field: field, message: "Not found: \(value.text)")
  }

  package static func typeInvalid(_ field: String, _ value: JSON, _ detail: String) -> FieldProblem {
    FieldProblem(reason: "FieldValueTypeInvalid", field: field, message: "Invalid value: \(value.text): \(detail)")
  }
}
