import Documents

/// Why an image is not there, in the words for a person and a code for a machine.
package struct WarmFailure: Error, Codable, Hashable, Sendable {
  /// A stable code: `notFound`, `noSpace`, `timedOut`, …
  package let code: String
  /// What happened, in one line.
  package let detail: String
  /// What to do next, in one line.
  package let remedy: String
  /// Whether nobody tried there, as it failed elsewhere.
  package let isUntried: Bool

  /// The texts may be those of registries, runtimes and clusters: they are cleaned here.
  package init(code: String, detail: String, remedy: String, isUntried: Bool = false) {
    self.code = ForeignText.clean(code, limit: 100)
    self.detail = ForeignText.clause(detail, limit: 1000)
    self.remedy = ForeignText.clean(remedy, limit: 1000)
    self.isUntried = isUntried
  }

  private enum CodingKeys: String, CodingKey { case code, detail, remedy, isUntried }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      code: try fields.decode(String.self, forKey: .code), detail: try fields.decode(String.self, forKey: .detail),
      remedy: try fields.decode(String.self, forKey: .remedy),
      isUntried: try fields.decodeIfPresent(Bool.self, forKey: .isUntried) ?? false)
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(code, forKey: .code)
    try fields.encode(detail, forKey: .detail)
    try fields.encode(remedy, forKey: .remedy)
    if isUntried { try fields.encode(true, forKey: .isUntried) }
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
