/// What a request proves its sender with.
struct Credential: Hashable, Sendable {
  /// The header's value: `Bearer …`.
  var authorization: String?
  /// A certificate with its key in PEM form, from an exec plugin.
  var certificate: String?
  var key: String?

  init(authorization: String? = nil, certificate: String? = nil, key: String? = nil) {
    self.authorization = authorization
    self.certificate = certificate
    self.key = key
  }

  /// A token, without the line end that files, programs and YAML's blocks leave behind it: no header may hold one.
  init(token: String, certificate: String? = nil, key: String? = nil) {
    let start = token.drop { $0.isWhitespace }
    let end = start.lastIndex { !$0.isWhitespace }
    self.init(authorization: "Bearer \(end.map { start[...$0] } ?? "")", certificate: certificate, key: key)
  }
}

/// Where credentials come from; they are kept while they hold.
protocol ClusterCredentialSource: Sendable {
  /// The credential to use now.
  func current() async throws -> Credential
  /// Whether there is another credential after the server refused this one.
  func renew(after refused: Credential) async throws -> Bool
}

/// A credential that never changes.
struct FixedCredential: ClusterCredentialSource {
  let credential: Credential

  func current() -> Credential { credential }
  func renew(after refused: Credential) -> Bool { false }
}
