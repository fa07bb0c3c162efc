/// Gives out the bearer tokens that open a registry.
package protocol TokenIssuer: Sendable {
  /// The address of its token endpoint.
  var realm: String { get }
  var service: String { get }

  /// - Parameter repository: what is to be read; nil for none in particular.
  func accepts(_ token: String, repository: String?) -> Bool
}

extension EmbeddedRegistry.Access {
  /// Whether an `Authorization` of basic access opens it; one of a token server's is not asked here.
  func admits(_ authorization: String?) -> Bool {
    switch self {
    case .open: true
    case .basic(let username, let password): authorization == EmbeddedRegistry.basic(username, password)
    case .users(let passwords): passwords.contains { authorization == EmbeddedRegistry.basic($0.key, $0.value) }
    case .bearer: false
    }
  }
}
