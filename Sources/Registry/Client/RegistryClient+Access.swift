package import ImageModel
import NIOHTTP1

/// How a registry lets somebody pull from one repository.
package enum RepositoryAccess: Sendable {
  /// Everybody may.
  case open
  /// A token for pulling from this repository, from the registry's token service, and how long it lives.
  case token(String, life: Duration)
  /// The registry gives no tokens, and takes this.
  case password(username: String, password: String)
}

extension RegistryClient {
  /// Tries the logins that are known for an image, one after the other, until the registry shows it to one of them.
  ///
  /// Tokens are asked for with the scope to pull from this repository, whatever more the registry would give. Mirrors are
  /// not asked.
  ///
  /// - Throws: `RegistryError`: of the code `unauthorized` where no login is known.
  package func pullAccess(to reference: Reference) async throws -> RepositoryAccess {
    try await attempting("get access to", "\(reference)") {
      guard let endpoint = try Endpoint.all(for: reference.registry, configuration).last else {
        throw RegistryProblem(.notFound, "there is no registry to ask")
      }
      let visit = try await PullVisit(endpoint, reference, self)
      let first = try await visit.head(nil)
      if first.hasContent { return .open }
      let challenges = Challenge.all(in: first.headers)
      guard first.status == 401, !challenges.isEmpty else { throw visit.problem(first) }
      return try await visit.trial(of: try await logins(for: reference), challenges)
    }
  }
}

/// One look at how a registry lets somebody in.
private struct PullVisit {
  let endpoint: Endpoint
  let reference: Reference
  let client: RegistryClient
  let scheme: String

  init(_ endpoint: Endpoint, _ reference: Reference, _ client: RegistryClient) async throws {
    (self.endpoint, self.reference, self.client) = (endpoint, reference, client)
    if let own = endpoint.scheme { scheme = own } else { scheme = try await client.scheme(of: endpoint.address) }
  }

  /// Asks for the manifest's head; by GET where a registry answers no HEAD.
  func head(_ authorization: String?) async throws -> RegistryTransport.Response {
    let url = try endpoint.url(
      scheme: scheme, repository: reference.repository, item: "manifests/\(reference.identifier)")
    var request = RegistryTransport.Request(
      method: .HEAD, url: url, headers: ["Accept": RegistryClient.accept], authorization: authorization)
    request.access = endpoint.access
    var response = try await client.transport.send(request)
    await response.discard()
    if [400, 405, 501].contains(response.status) {
      request.method = .GET
      response = try await client.transport.send(request)
      await response.discard()
    }
    return response
  }

  func trial(of logins: [RegistryCredential], _ challenges: [Challenge]) async throws -> RepositoryAccess {
    var bearer = challenges.first { $0.scheme == "bearer" }
    bearer?.parameters["scope"] = "repository:\(reference.repository):pull"
    var worst: RegistryProblem?
    for login in logins {
      do {
        if let access = try await access(with: login, bearer) { return access }
      } catch let problem as RegistryProblem
        where [.unauthorized, .denied, .notFound].contains(problem.code)
      {
        worst = worst ?? problem
      }
    }
    throw worst
      ?? RegistryProblem(.unauthorized, "\(reference.registry) asks for a login, and none is known for it", status: 401)
  }

  /// Nil for a login that cannot be used here.
  private func access(with login: RegistryCredential, _ bearer: Challenge?) async throws -> RepositoryAccess? {
    guard let bearer else {
      guard case .basic(let username, let password) = login else { return nil }
      let answer = try await head(RegistryCredential.basicHeader(username, password))
      guard answer.hasContent else { throw problem(answer) }
      return .password(username: username, password: password)
    }
    // One that somebody else made: nobody knows what it opens, and for how long.
    if case .registryToken = login { return nil }
    let service = TokenService(transport: client.transport, clock: client.configuration.clock)
    let token = try await service.token(
      for: bearer, repository: reference.repository, credential: login, access: endpoint.access.connection)
    // Some services give a token to everybody, which opens nothing.
    let answer = try await head("Bearer " + token.text)
    guard answer.hasContent else { throw problem(answer) }
    return .token(token.text, life: token.life)
  }

  func problem(_ response: RegistryTransport.Response) -> RegistryProblem {
    RegistryProblem(
      status: response.status, headers: response.headers, body: [], host: response.host,
      clock: client.configuration.clock)
  }
}
