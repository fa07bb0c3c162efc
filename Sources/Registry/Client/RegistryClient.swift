import ImageModel
package import Logging
import NIOHTTP1
import Networking

/// Pulls from OCI registries: resolves references, fetches manifests and blobs, and checks all digests.
///
/// Source: OCI distribution specification 1.1, and Docker's token authentication. What is fetched comes from the mirrors
/// of a registry in their order, and from the registry itself when none of them has it. A client must be shut down, once
/// for all that `reporting` made of it.
package final class RegistryClient: Sendable {
  package let configuration: RegistryConfiguration
  let transport: RegistryTransport
  private let credentials: any CredentialSource
  private let authenticator: Authenticator
  private let schemes: SchemeFinder
  let absent: AbsentMirrors
  private let logger: Logger
  private let onRetry: (@Sendable (Retry) -> Void)?

  /// A try that failed and will be repeated after a wait.
  package struct Retry: Sendable {
    package let error: RegistryError
    /// How many tries have failed, and how many there are.
    package let attempt: Int
    package let attempts: Int
    package let delay: Duration
  }

  package init(configuration: RegistryConfiguration, credentials: any CredentialSource, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    self.transport = RegistryTransport(configuration: configuration, logger: logger)
    self.credentials = credentials
    self.schemes = SchemeFinder(transport: transport, configuration: configuration)
    self.authenticator = Authenticator(
      source: credentials, tokens: TokenService(transport: transport, clock: configuration.clock),
      clock: configuration.clock)
    self.absent = AbsentMirrors(clock: configuration.clock)
    self.onRetry = nil
  }

  /// A client with connections and tokens of its own, which heeds what a node was told of its registries.
  package func heeding(_ hosts: [String: RegistryHosts]) -> RegistryClient {
    var configuration = configuration
    configuration.hosts.merge(hosts) { _, new in new }
    return RegistryClient(configuration: configuration, credentials: credentials, logger: logger)
  }

  private init(_ other: RegistryClient, onRetry: @escaping @Sendable (Retry) -> Void) {
    self.configuration = other.configuration
    self.logger = other.logger
    self.transport = other.transport
    self.schemes = other.schemes
    self.credentials = other.credentials
    self.authenticator = other.authenticator
    self.absent = other.absent
    self.onRetry = onRetry
  }

  private init(_ other: RegistryClient, credentials: any CredentialSource) {
    self.configuration = other.configuration
    self.logger = other.logger
    self.transport = other.transport
    self.schemes = other.schemes
    self.credentials = credentials
    self.authenticator = Authenticator(
      source: credentials, tokens: TokenService(transport: other.transport, clock: other.configuration.clock),
      clock: other.configuration.clock)
    self.absent = other.absent
    self.onRetry = other.onRetry
  }

  /// A client with the same connections that shows other credentials, and knows none of the tokens.
  package func presenting(_ credentials: any CredentialSource) -> RegistryClient {
    RegistryClient(self, credentials: credentials)
  }

  /// The same client, with the same connections and tokens, which reports every repetition before it waits for it.
  package func reporting(_ onRetry: @escaping @Sendable (Retry) -> Void) -> RegistryClient {
    RegistryClient(self, onRetry: onRetry)
  }

  /// Closes all connections; the client is of no use afterwards.
  package func shutdown() async throws {
    try await transport.shutdown()
  }

  /// All that is known for an image, in the order of trial.
  func logins(for reference: Reference) async throws -> [RegistryCredential] {
    try await credentials.credentials(for: reference.registry, repository: reference.repository)
  }

  func scheme(of address: HostAddress) async throws -> String { try await schemes.scheme(of: address) }

  /// Runs `body` again while its error says that it may succeed later and the retry policy has tries left.
  package func retrying<Result>(_ body: () async throws -> Result) async throws -> Result {
    var attempt = 1
    while true {
      do {
        return try await body()
      } catch let error as RegistryError {
        attempt += 1
        try await pause(before: attempt, after: error)
      }
    }
  }

  /// Waits until `attempt` is due, or throws `error` if there is to be none.
  func pause(before attempt: Int, after error: RegistryError) async throws {
    let clock = configuration.clock
    guard error.isRetryable, error.retryAfter ?? .zero <= configuration.longestWait,
      let delay = configuration.retry.delay(before: attempt, serverAsks: error.retryAfter, random: clock.random())
    else { throw error }
    logger.debug("trying again", metadata: ["attempt": "\(attempt)", "delay": "\(delay)", "error": "\(error.code)"])
    onRetry?(Retry(error: error, attempt: attempt - 1, attempts: configuration.retry.attempts, delay: delay))
    try await clock.sleep(delay)
  }
}

extension RegistryClient {
  /// One question about a repository.
  struct Call {
    var method = HTTPMethod.GET
    /// `manifests/<tag or digest>`, `blobs/<digest>` or `tags/list`.
    var item: String
    /// Encoded, without a question mark.
    var query: String?
    var headers = HTTPHeaders()
  }

  /// Asks the mirrors and then the registry, until one gives an answer that `read` accepts.
  func ask<Result>(
    _ call: Call, of reference: Reference, read: (RegistryTransport.Response) async throws -> Result
  ) async throws -> Result {
    var passedBy: [String] = []
    for endpoint in try Endpoint.all(for: reference.registry, configuration) {
      do {
        guard endpoint.serves(call.item) else {
          throw RegistryProblem(.notFound, "\(endpoint.address) may not be asked for this, as its settings say")
        }
        if let problem = absent.problem(of: endpoint) { throw problem }
        return try await read(send(call, repository: reference.repository, to: endpoint))
      } catch let problem as RegistryProblem where endpoint.isMirror {
        absent.note(problem, of: endpoint)
        logger.debug("mirror passed by", metadata: ["mirror": "\(endpoint.address)", "error": "\(problem.code)"])
        passedBy.append(problem.detail)
      } catch var problem as RegistryProblem {
        if !passedBy.isEmpty { problem.detail += " (mirrors before it: \(passedBy.joined(separator: "; ")))" }
        throw problem
      }
    }
    throw RegistryProblem(.notFound, "there is no registry to ask")
  }

  /// Asks one endpoint and answers its challenge: with one login after the other, until it accepts one.
  func send(_ call: Call, repository: String, to endpoint: Endpoint) async throws -> RegistryTransport.Response {
    let scheme: String
    if let own = endpoint.scheme { scheme = own } else { scheme = try await schemes.scheme(of: endpoint.address) }
    let url = try endpoint.url(scheme: scheme, repository: repository, item: call.item, query: call.query)
    let key = Authenticator.Key(
      registry: endpoint.name, repository: repository, access: endpoint.access.connection)
    var request = RegistryTransport.Request(method: call.method, url: url, headers: call.headers)
    request.access = endpoint.access
    request.authorization = await authenticator.known(for: key)
    var response = try await transport.send(request)
    var refusal = Authenticator.Refusal(response, of: request.authorization, isFresh: false)
    var problems: [RegistryProblem] = []
    while let refused = refusal {
      guard let next = try await authenticator.answer(refused, for: key) else { break }
      if request.authorization == nil {
        await response.discard()
      } else {
        problems.append(await problem(response, to: call))
      }
      request.authorization = next
      response = try await transport.send(request)
      refusal = Authenticator.Refusal(response, of: next, isFresh: true)
    }
    if response.hasContent { return response }
    problems.append(await problem(response, to: call))
    // Who may look and finds nothing knows more than who may not look.
    var worst = problems[0]
    for problem in problems where problem.status ?? 0 >= worst.status ?? 0 { worst = problem }
    throw worst
  }

  private func problem(_ response: RegistryTransport.Response, to call: Call) async -> RegistryProblem {
    let body = call.method == .HEAD ? [] : await response.excerpt()
    var problem = RegistryProblem(
      status: response.status, headers: response.headers, body: body, host: response.host, clock: configuration.clock)
    problem.isForGET =
      call.method == .HEAD && (400...501).contains(response.status) && ![408, 429].contains(response.status)
    return problem
  }
}
