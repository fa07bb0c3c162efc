/// What a request proves its sender with.
struct Credential: Hashable, Sendable {
  /// The header's value: `Bearer …`.
  var authorization: String?
  /// A certificate with its key in PEM form, from an exec plugin.
  var certificate: String?
  var key: String?
}

/// Where credentials come from; they are kept while they hold.
protocol CredentialSource: Sendable {
  /// The credential to use now.
  func current() async throws -> Credential
  /// Whether there is another credential after the server refused this one.
  func renew(after refused: Credential) async throws -> Bool
}

/// A credential that never changes.
struct FixedCredential: CredentialSource {
  let credential: Credential

  func current() -> Credential { credential }
  func renew(after refused: Credential) -> Bool { false }
}
