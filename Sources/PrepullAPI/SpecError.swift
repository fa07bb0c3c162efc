/// A spec that cannot be acted on, although the API server took it: what is wrong with which field, and what to write.
package struct SpecError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason for a condition.
  package static let reason = "InvalidSpec"

  /// `spec.nodeTimeout`.
  package let field: String
  /// What is wrong and what to write instead, in one line.
  package let problem: String

  package init(_ field: String, _ problem: String) {
    self.field = field
    self.problem = problem
  }

  package var description: String { "\(field): \(problem)" }
}
