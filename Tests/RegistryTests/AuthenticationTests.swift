import Foundation
import ImageModel
import KubeAPIServer
import Registry
import TestKit
import Testing
import VirtualCluster

/// Basic and token authentication: who gets in, how often tokens are fetched, and what is said when it fails.
@Suite(.timeLimit(.minutes(2)))
struct AuthenticationTests {
  private let ada = RegistryCredential.basic(username: "ada", password: "s3cr3t word+%")

  /// A registry that wants tokens, its token server, and an image in it.
  private func withTokens(
    _ body: (EmbeddedRegistry, TokenServer, Reference) async throws -> Void
  ) async throws {
    try await withTokenServer(certificates: CertificateAuthority()) { tokens in
      try await withEmbeddedRegistry { registry in
        registry.require(.bearer(tokens))
        try await body(registry, tokens, registry.add(SampleImage(layers: [10, 20, 30])))
      }
    }
  }

  @Test func noCredentialForBasic() async throws {
    try await withEmbeddedRegistry { registry in
      registry.require(.basic(username: "ada", password: "x"))
      let reference = registry.add(try SampleImage())
      let tokenOnly = RegistryCredential.identityToken(username: nil, token: "t")
      for source: any CredentialSource in [NoCredentials(), FixedCredential(tokenOnly)] {
        try await withClient(credentials: source, attempts: 3) { client in
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(error?.code == .unauthorized)
          #expect(error?.detail == "\(registry.host) asks for a user name and a password, and none are known for it")
          #expect(error?.isRetryable == false)
        }
      }
    }
  }

  @Test func wrongPassword() async throws {
    try await withEmbeddedRegistry { registry in
      registry.require(.basic(username: "ada", password: "right"))
      let reference = registry.add(try SampleImage())
      try await withClient(credentials: FixedCredential(ada), attempts: 3) { client in
        for _ in 0..<2 {
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(error?.code == .unauthorized)
          #expect(error?.description.contains("s3cr3t") == false)
        }
      }
      // The challenge, the answer that was refused, and a GET, which brings the reason; then HEAD and GET once more.
      #expect(registry.requests.filter { $0.path != "/v2/" }.map(\.method) == ["HEAD", "HEAD", "GET", "HEAD", "GET"])
    }
  }

  @Test func passwordAtTheTokenServer() async throws {
    try await withTokens { registry, tokens, reference in
      tokens.allow(username: "ada", password: "s3cr3t word+%")
      try await withClient(credentials: FixedCredential(ada)) { client in
        _ = try await client.image(reference, platform: .host)
      }
      let request = try #require(tokens.requests.first)
      #expect(tokens.requests.count == 1)
      #expect(request.method == "GET")
      #expect(request.query == "account=ada&service=test-registry&scope=repository%3Atest%2Fimage%3Apull")
      #expect(registry.requests.filter { $0.path != "/v2/" }.map { $0.authorization == nil } == [true, false, false])
    }
  }

  @Test func anonymousToken() async throws {
    try await withTokens { registry, tokens, reference in
      try await withClient { client in _ = try await client.image(reference, platform: .host) }
      #expect(tokens.requests.map(\.authorization) == [nil])
    }
  }

  @Test func identityToken() async throws {
    try await withTokens { registry, tokens, reference in
      tokens.allow(identityToken: "refresh/me+now=")
      let credential = RegistryCredential.identityToken(username: "ada", token: "refresh/me+now=")
      try await withClient(credentials: FixedCredential(credential)) { client in
        _ = try await client.image(reference, platform: .host)
      }
      let request = try #require(tokens.requests.first)
      #expect(request.method == "POST")
      #expect(request.authorization == nil)
      #expect(request.query.isEmpty)
      #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
    }
  }

  @Test func registryToken() async throws {
    try await withTokens { registry, tokens, reference in
      let token = try tokens.issue(repository: "test/image")
      try await withClient(credentials: FixedCredential(.registryToken(token))) { client in
        _ = try await client.image(reference, platform: .host)
      }
      #expect(tokens.requests.isEmpty)
    }
  }

  @Test func refusedByTheTokenServer() async throws {
    try await withTokens { registry, tokens, reference in
      tokens.allow(username: "ada", password: "another")
      for source: any CredentialSource in [FixedCredential(ada), NoCredentials()] {
        try await withClient(credentials: source, attempts: 3) { client in
          let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
          #expect(error?.code == .unauthorized)
          #expect(error?.detail.hasSuffix("answered 401: incorrect username or password") == true)
        }
      }
      #expect(tokens.requests.count == 2)
    }
  }

  @Test func troubleAtTheTokenServer() async throws {
    try await withTokens { registry, tokens, reference in
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(attempts: 3, configure: { $0.clock = clock.clock }) { client in
        tokens.failNext(503)
        tokens.failNext(500)
        _ = try await client.resolve(reference)
        #expect(clock.sleeps.count == 2)
        tokens.revokeAll()
        tokens.failNext(200, body: #"{"expires_in":300}"#)
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .fault)
        #expect(error?.detail.hasSuffix("answered without a token") == true)
        tokens.failNext(404)
        let missing = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(missing?.code == .fault)
      }
    }
  }

  /// A token is used until it expires, and then fetched again.
  @Test func expiry() async throws {
    try await withTokens { registry, tokens, reference in
      tokens.setExpiry(300)
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(configure: { $0.clock = clock.clock }) { client in
        for (wait, fetched) in [(0, 1), (200, 1), (100, 2), (200, 2), (100, 3)] {
          clock.advance(by: .seconds(wait))
          _ = try await client.resolve(reference)
          #expect(tokens.requests.count == fetched)
        }
        // Without a word of the server a token lives for a minute.
        tokens.setExpiry(nil)
        clock.advance(by: .seconds(300))
        _ = try await client.resolve(reference)
        clock.advance(by: .seconds(50))
        _ = try await client.resolve(reference)
        #expect(tokens.requests.count == 4)
        clock.advance(by: .seconds(10))
        _ = try await client.resolve(reference)
        #expect(tokens.requests.count == 5)
      }
    }
  }

  /// A token that is refused before its time is fetched once more; when that one is refused too, it is over.
  @Test func refusedToken() async throws {
    try await withTokens { registry, tokens, reference in
      try await withClient(attempts: 5) { client in
        _ = try await client.resolve(reference)
        tokens.revokeAll()
        _ = try await client.resolve(reference)
        #expect(tokens.requests.count == 2)
        registry.inject(.status(401, headers: ["WWW-Authenticate": "Bearer realm=\"\(tokens.realm)\""])) {
          $0.path != "/v2/"
        }
        registry.clearRequests()
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .unauthorized)
        #expect(registry.requests.map(\.method) == ["HEAD", "HEAD", "GET", "GET"])
        #expect(tokens.requests.count == 4)
      }
    }
  }

  @Test func oneTokenForAllWhoAsk() async throws {
    try await withTokens { registry, tokens, reference in
      try await withClient { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<20 { group.addTask { _ = try await client.resolve(reference) } }
          try await group.waitForAll()
        }
        #expect(tokens.requests.count == 1)
        let other = registry.add(try SampleImage(seed: 2), to: "other/image")
        _ = try await client.resolve(other)
        #expect(tokens.requests.count == 2)
      }
    }
  }

  /// A realm on plain HTTP where that is not allowed gets no password.
  @Test func realmOnPlainHTTP() async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      let challenge = "Bearer realm=\"http://tokens.test/get\",service=\"x\""
      registry.inject(.status(401, headers: ["WWW-Authenticate": challenge])) { $0.path != "/v2/" }
      try await withClient(credentials: FixedCredential(ada)) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.code == .insecure)
        #expect(error?.detail == "plain HTTP to tokens.test is not allowed")
      }
    }
  }

  @Test(arguments: [
    ("Negotiate", "a kind that is not known here (negotiate)"), ("Bearer service=\"x\"", "where to get a token"),
  ])
  func challengeWithoutAnswer(_ challenge: String, _ said: String) async throws {
    try await withEmbeddedRegistry { registry in
      let reference = registry.add(try SampleImage())
      registry.inject(.status(401, headers: ["WWW-Authenticate": challenge])) { $0.path != "/v2/" }
      try await withClient(credentials: FixedCredential(ada)) { client in
        let error = await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        #expect(error?.detail.contains(said) == true, "\(String(describing: error))")
      }
    }
  }

  @Test(
    "A token is taken from wherever it is, whatever stands beside it",
    arguments: [
      #"{"token":"","access_token":"TOKEN","expires_in":300}"#, #"{"token":null,"access_token":"TOKEN"}"#,
      #"{"token":"TOKEN","access_token":""}"#, #"{"token":"TOKEN","expires_in":"300"}"#,
      #"{"token":"TOKEN","expires_in":null,"issued_at":7}"#, #"{"token":"TOKEN","expires_in":-1,"issued_at":""}"#,
      #"{"token":"TOKEN\n","expires_in":{},"scope":["x"]}"#, #"{"token":7,"access_token":"TOKEN"}"#,
      #"{"token":"TOKEN","expires_in":1e30}"#, #"{"Token":"TOKEN","Expires_In":300}"#,
      #"{"token":"another","access_token":"TOKEN"}"#,
    ])
  func formsOfTokens(_ answer: String) async throws {
    try await withTokens { registry, tokens, reference in
      let token = try tokens.issue(repository: "test/image")
      tokens.failNext(200, body: answer.replacing("TOKEN", with: token))
      try await withClient { client in _ = try await client.image(reference, platform: .host) }
      #expect(tokens.requests.count == 1)
    }
  }

  @Test("Any answer of success brings a token")
  func createdTokens() async throws {
    try await withTokens { registry, tokens, reference in
      tokens.failNext(201, body: #"{"token":"\#(try tokens.issue(repository: "test/image"))"}"#)
      try await withClient { client in _ = try await client.image(reference, platform: .host) }
      #expect(tokens.requests.count == 1)
    }
  }

  @Test("A life that is written as text counts")
  func lifeAsText() async throws {
    try await withTokens { registry, tokens, reference in
      let token = try tokens.issue(repository: "test/image")
      tokens.failNext(200, body: #"{"token":"\#(token)","expires_in":"300"}"#)
      let clock = ManualClock(start: ManualClock.exampleDate)
      try await withClient(configure: { $0.clock = clock.clock }) { client in
        _ = try await client.resolve(reference)
        clock.advance(by: .seconds(200))
        _ = try await client.resolve(reference)
        #expect(tokens.requests.count == 1)
      }
    }
  }

  /// Logins for one registry, each good for one repository: deploy tokens of two projects.
  private struct Logins: CredentialSource {
    let all: [RegistryCredential]
    func credential(for registry: String, repository: String) -> RegistryCredential? { all.first }
    func credentials(for registry: String, repository: String) -> [RegistryCredential] { all }
  }

  @Test("Each login is tried until one is accepted, and that one stays", arguments: [401, 403, 404])
  func severalLogins(_ refusal: Int) async throws {
    try await withEmbeddedRegistry { registry in
      let names = ["first", "second", "third"]
      let references = try names.map { registry.add(try SampleImage(), to: "\($0)/app") }
      for name in names {
        registry.require(.users(Dictionary(uniqueKeysWithValues: names.map { ($0, "x") })), under: "\(name)/")
        let wanted = "Basic \(Data("\(name):x".utf8).base64EncodedString())"
        registry.inject(
          .status(refusal, headers: refusal == 401 ? ["WWW-Authenticate": "Basic realm=\"r\""] : [:])
        ) { $0.path.contains("/\(name)/") && $0.authorization != nil && $0.authorization != wanted }
      }
      let logins = Logins(all: names.map { .basic(username: $0, password: "x") })
      try await withClient(credentials: logins) { client in
        for reference in references { _ = try await client.image(reference, platform: .host) }
        registry.clearRequests()
        _ = try await client.image(references[2], platform: .host)
        #expect(registry.requests.count { $0.path != "/v2/" } == 2, "the login that was accepted is sent straight away")
        let nobodys = registry.add(try SampleImage(), to: "nobody/app")
        registry.inject(.status(refusal == 401 ? 403 : refusal)) {
          $0.path.contains("/nobody/") && $0.authorization != nil
        }
        registry.require(.users(Dictionary(uniqueKeysWithValues: names.map { ($0, "x") })), under: "nobody/")
        let error = await #expect(throws: RegistryError.self) { try await client.image(nobodys, platform: .host) }
        #expect(error?.status == (refusal == 401 ? 403 : refusal))
      }
    }
  }

  @Test("The next login is asked a token for where the server refuses the first")
  func severalLoginsForTokens() async throws {
    try await withTokens { registry, tokens, reference in
      tokens.allow(username: "ada", password: "s3cr3t word+%")
      let logins = Logins(all: [.basic(username: "bob", password: "x"), ada])
      try await withClient(credentials: logins) { client in _ = try await client.image(reference, platform: .host) }
      #expect(tokens.requests.count == 2)
    }
  }

  @Test func secretsStayOutOfText() {
    for credential in [
      ada, .identityToken(username: "ada", token: "s3cr3t"), .identityToken(username: nil, token: "s3cr3t"),
      .registryToken("s3cr3t"),
    ] {
      var dumped = ""
      dump(credential, to: &dumped)
      for text in [
        "\(credential)", String(reflecting: credential), dumped, "\([credential])",
      ] {
        #expect(!text.contains("s3cr3t"))
      }
    }
  }
}
