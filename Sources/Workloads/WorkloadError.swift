/// Why nothing can be taken from a workload.
package struct WorkloadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A stable code for machines and tests.
  package enum Code: String, Hashable, Sendable {
    case name, kind, malformed, noPodTemplate, noImage, unknownContainer, namespaces
  }

  package let code: Code
  /// What is wrong with what, and what would be right: one or two lines.
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// The same request fails again.
  package var isRetryable: Bool { false }
}
