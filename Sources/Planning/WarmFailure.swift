/// Why an image is not there, in the words for a person and a code for a machine.
package struct WarmFailure: Error, Codable, Hashable, Sendable {
  /// A stable code: `notFound`, `noSpace`, `timedOut`, …
  package let code: String
  /// What happened, in one line.
  package let detail: String
  /// What to do next, in one line.
  package let remedy: String

  package init(code: String, detail: String, remedy: String) {
    self.code = code
    self.detail = detail
    self.remedy = remedy
  }
}

/// Whether waiting helps against a failure, and whether other nodes meet it too.
package enum FailureNature: String, Codable, Hashable, Sendable {
  /// The same request fails again everywhere, until somebody changes something: no such tag, access denied.
  case final
  /// It may pass by itself, and other nodes may meet it too: the registry is down, or limits its clients.
  case passing
  /// It says nothing about other nodes: a full disk, a name server that the node does not reach.
  case local
}
