/// Why no manifest can be made from what was asked.
package struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A stable code for machines and tests.
  package enum Code: Hashable, Sendable {
    case noImages, name, namespace, architecture, isolate, nodeSelector, toleration, pullSecret, label, annotation,
      resources
    case priorityClass, maxUnavailable, socket, prepullImage, tooLarge
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
