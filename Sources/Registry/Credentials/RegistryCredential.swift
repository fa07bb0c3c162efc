#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What is shown to a registry to be let in. Its description never shows the secret.
package enum RegistryCredential: Hashable, Sendable {
  case basic(username: String, password: String)
  /// A token that is traded for others at the registry's token server (OAuth 2 refresh token).
  case identityToken(username: String?, token: String)
  /// A token that the registry itself takes.
  case registryToken(String)

  static func basicHeader(_ username: String, _ password: String) -> String {
    "Basic " + Data("\(username):\(password)".utf8).base64EncodedString()
  }
}

extension RegistryCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String {
    switch self {
    case .basic(let username, _): "password of \(username)"
    case .identityToken(let username, _): "identity token" + (username.map { " of \($0)" } ?? "")
    case .registryToken: "registry token"
    }
  }

  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where credentials come from.
package protocol CredentialSource: Sendable {
  /// The credential for a repository of a registry (`docker.io`, `localhost:5000`), or `nil` for none.
  func credential(for registry: String, repository: String) async throws -> RegistryCredential?

  /// Every credential that fits, in the order in which they are to be tried: the kubelet tries all of them.
  func credentials(for registry: String, repository: String) async throws -> [RegistryCredential]
}

extension CredentialSource {
  package func credentials(for registry: String, repository: String) async throws -> [RegistryCredential] {
    try await credential(for: registry, repository: repository).map { [$0] } ?? []
  }
}

/// The same credentials for everything: for one image, for which they were found.
package struct FixedLogins: CredentialSource {
  private let logins: [RegistryCredential]

  package init(_ logins: [RegistryCredential]) { self.logins = logins }

  package func credential(for registry: String, repository: String) -> RegistryCredential? { logins.first }

  package func credentials(for registry: String, repository: String) -> [RegistryCredential] { logins }
}

/// No credentials for anything.
package struct NoCredentials: CredentialSource {
  package init() {}

  package func credential(for registry: String, repository: String) -> RegistryCredential? { nil }
}
