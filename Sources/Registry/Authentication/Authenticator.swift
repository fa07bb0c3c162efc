import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Answers the challenges of registries, and remembers the answers.
///
/// There is no ping: requests go out with what is known, and a 401 brings the challenge. Where several logins are known
/// they are tried in their order, as the kubelet does, and the first that is accepted stays. Invariant: `sessions` holds
/// at most one answer per registry and repository, and one that a registry refused is given out again only where there
/// is no other.
actor Authenticator {
  struct Key: Hashable {
    /// The registry as credentials name it: `docker.io`, not the host of its API.
    let registry: String
    let repository: String
    /// How the registry is talked to, without what single requests bear.
    var access = HostAccess()
  }

  /// An answer of a registry that another login may change.
  struct Refusal {
    /// What the request had.
    let authorization: String?
    let status: Int
    let challenges: [Challenge]
    /// Whether what the request had was made for it.
    let isFresh: Bool

    /// Nil for answers that no login changes.
    init?(_ response: RegistryTransport.Response, of authorization: String?, isFresh: Bool) {
      challenges = response.status == 401 ? Challenge.all(in: response.headers) : []
      // A registry hides what an account may not see: 404 is a refusal too, but asks for no login.
      guard authorization == nil ? !challenges.isEmpty : [401, 403, 404].contains(response.status) else { return nil }
      (self.authorization, self.isFresh) = (authorization, isFresh)
      status = response.status
    }
  }

  private struct Grant {
    let authorization: String
    /// `nil`: it does not expire.
    let expires: ContinuousClock.Instant?
  }

  private struct Session {
    var challenges: [Challenge]
    /// The logins in the order of trial; nil stands for none.
    let candidates: [RegistryCredential?]
    var position = 0
    var grant: Grant?
  }

  private let source: any CredentialSource
  private let tokens: TokenService
  private let clock: SystemClock
  private var sessions: [Key: Session] = [:]
  private let flights = SingleFlight<Key, String?>()

  init(source: any CredentialSource, tokens: TokenService, clock: SystemClock) {
    self.source = source
    self.tokens = tokens
    self.clock = clock
  }

  /// The `Authorization` to send straight away, if a valid one is known.
  func known(for key: Key) -> String? {
    guard let grant = sessions[key]?.grant, grant.expires.map({ clock.now() < $0 }) ?? true else { return nil }
    return grant.authorization
  }

  /// The `Authorization` to try next, got once for all who ask for it at the same time; nil when all have been tried.
  func answer(_ refusal: Refusal, for key: Key) async throws -> String? {
    if let known = known(for: key), known != refusal.authorization { return known }
    return try await flights.value(for: key) { [self] in try await next(after: refusal, for: key) }
  }

  private func next(after refusal: Refusal, for key: Key) async throws -> String? {
    var session = try await session(for: key, refusal.challenges)
    if !refusal.challenges.isEmpty { session.challenges = refusal.challenges }
    if let grant = session.grant, grant.authorization == refusal.authorization {
      // A token may be refused before its time: the same login gets another one, once.
      let isRenewable = grant.expires != nil && refusal.status == 401 && !refusal.isFresh
      if !isRenewable { session.position += 1 }
    }
    while session.position < session.candidates.count {
      let isLast = session.position + 1 == session.candidates.count
      do {
        let grant = try await grant(session.challenges, session.candidates[session.position], for: key)
        guard grant.authorization == refusal.authorization else {
          session.grant = grant
          sessions[key] = session
          return grant.authorization
        }
      } catch let problem as RegistryProblem where !isLast && [.unauthorized, .denied].contains(problem.code) {
        // The next login may be better.
      }
      session.position += 1
    }
    // The next request begins with the first login again, and a single one is kept: it may do for other content.
    if session.candidates.count > 1 { sessions[key] = nil }
    return nil
  }

  private func session(for key: Key, _ challenges: [Challenge]) async throws -> Session {
    if let session = sessions[key] { return session }
    let found = try await source.credentials(for: key.registry, repository: key.repository)
    return Session(challenges: challenges, candidates: found.isEmpty ? [nil] : found)
  }

  private func grant(
    _ challenges: [Challenge], _ credential: RegistryCredential?, for key: Key
  ) async throws -> Grant {
    if case .registryToken(let token) = credential {
      return Grant(authorization: "Bearer " + token, expires: nil)
    }
    if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
      let token = try await tokens.token(
        for: bearer, repository: key.repository, credential: credential, access: key.access)
      return Grant(authorization: "Bearer " + token.text, expires: clock.now().advanced(by: token.life * 0.9))
    }
    guard challenges.contains(where: { $0.scheme == "basic" }) else {
      let schemes = challenges.map(\.scheme).joined(separator: ", ")
      throw Self.unanswerable("\(key.registry) asks for a login of a kind that is not known here (\(schemes))")
    }
    guard case .basic(let username, let password) = credential else {
      throw Self.unanswerable("\(key.registry) asks for a user name and a password, and none are known for it")
    }
    return Grant(authorization: RegistryCredential.basicHeader(username, password), expires: nil)
  }

  /// A challenge that cannot be answered; some registries let nobody ask with HEAD, and everybody with GET.
  private static func unanswerable(_ detail: String) -> RegistryProblem {
    var problem = RegistryProblem(.unauthorized, detail, status: 401)
    problem.isForGET = true
    return problem
  }
}
