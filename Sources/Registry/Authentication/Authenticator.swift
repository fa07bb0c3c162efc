#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Answers the challenges of registries, and remembers the answers.
///
/// There is no ping: requests go out with what is known, and a 401 brings the challenge. Invariant: `grants` holds at
/// most one answer per registry and repository, and one that a registry refused is never given out again.
actor Authenticator {
  struct Key: Hashable {
    /// The registry as credentials name it: `docker.io`, not the host of its API.
    let registry: String
    let repository: String
  }

  private struct Grant {
    let authorization: String
    /// `nil`: it does not expire.
    let expires: ContinuousClock.Instant?
  }

  private let source: any CredentialSource
  private let tokens: TokenService
  private let clock: RegistryClock
  private var grants: [Key: Grant] = [:]
  private let flights = SingleFlight<Key, String>()

  init(source: any CredentialSource, tokens: TokenService, clock: RegistryClock) {
    self.source = source
    self.tokens = tokens
    self.clock = clock
  }

  /// The `Authorization` to send straight away, if a valid one is known.
  func known(for key: Key) -> String? {
    guard let grant = grants[key], grant.expires.map({ clock.now() < $0 }) ?? true else { return nil }
    return grant.authorization
  }

  /// The `Authorization` that answers a challenge, got once for all who ask for it at the same time.
  func answer(_ challenges: [Challenge], refused: String?, for key: Key) async throws -> String {
    if let known = known(for: key), known != refused { return known }
    return try await flights.value(for: key) { [self] in
      let grant = try await grant(challenges, for: key)
      guard grant.authorization != refused else {
        throw Problem(.unauthorized, "\(key.registry) does not accept the credentials for it", status: 401)
      }
      await remember(grant, for: key)
      return grant.authorization
    }
  }

  private func remember(_ grant: Grant, for key: Key) {
    grants[key] = grant
  }

  private func grant(_ challenges: [Challenge], for key: Key) async throws -> Grant {
    let credential = try await source.credential(for: key.registry, repository: key.repository)
    if case .registryToken(let token) = credential {
      return Grant(authorization: "Bearer " + token, expires: nil)
    }
    if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
      let token = try await tokens.token(for: bearer, repository: key.repository, credential: credential)
      return Grant(authorization: "Bearer " + token.text, expires: clock.now().advanced(by: token.life * 0.9))
    }
    guard challenges.contains(where: { $0.scheme == "basic" }) else {
      let schemes = challenges.map(\.scheme).joined(separator: ", ")
      throw Problem(
        .unauthorized, "\(key.registry) asks for a login of a kind that is not known here (\(schemes))", status: 401)
    }
    guard case .basic(let username, let password) = credential else {
      throw Problem(
        .unauthorized, "\(key.registry) asks for a user name and a password, and none are known for it", status: 401)
    }
    return Grant(authorization: RegistryCredential.basicHeader(username, password), expires: nil)
  }
}
