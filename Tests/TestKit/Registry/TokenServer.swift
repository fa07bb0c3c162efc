import Crypto
import Hummingbird
package import KubeAPIServer
import Synchronization
package import VirtualCluster

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs a token server as the distribution protocol has it: GET with basic auth, POST with an identity token.
package func withTokenServer<Result>(
  certificates: CertificateAuthority, _ body: (TokenServer) async throws -> Result
) async throws -> Result {
  let server = TokenServer(signer: try certificates.issue(names: ["token.test"]))
  return try await withLoopbackServer(respond: { try await server.respond(to: $0) }) { port in
    server.listens(on: port)
    return try await body(server)
  }
}

/// A token server whose tokens a real registry believes too; see `withTokenServer`.
package final class TokenServer: TokenIssuer {
  package let service = "test-registry"
  package let issuer = "test-issuer"

  private struct State {
    var port = 0
    var users: [String: String] = [:]
    var identityTokens: Set<String> = []
    var allowsAnonymous = true
    var expiresIn: Int? = 300
    var faults: [(status: Int, body: String)] = []
    /// Repository by token; `nil` for a token of no scope.
    var valid: [String: String?] = [:]
    /// The tokens in the order of their issue: the oldest of too many ends.
    var issued: [String] = []
    var requests = RecentRequests()
  }

  private static let mostTokens = 10_000

  private let signer: CertificateAuthority.Identity
  private let state = Mutex(State())

  init(signer: CertificateAuthority.Identity) {
    self.signer = signer
  }

  func listens(on port: Int) {
    state.withLock { $0.port = port }
  }

  package var realm: String { "http://127.0.0.1:\(state.withLock { $0.port })/token" }
  package var requests: [RecordedRequest] { state.withLock { $0.requests.all } }

  /// Only this user gets tokens from now on.
  package func allow(username: String, password: String) {
    state.withLock {
      $0.users[username] = password
      $0.allowsAnonymous = false
    }
  }

  /// Only the holder of this identity token gets tokens from now on.
  package func allow(identityToken: String) {
    state.withLock {
      $0.identityTokens.insert(identityToken)
      $0.allowsAnonymous = false
    }
  }

  /// Life of the tokens in seconds; `nil` leaves it out of the answer.
  package func setExpiry(_ seconds: Int?) {
    state.withLock { $0.expiresIn = seconds }
  }

  /// Answers the next request with this instead.
  package func failNext(_ status: Int, body: String = "") {
    state.withLock { $0.faults.append((status, body)) }
  }

  package func revokeAll() {
    state.withLock { ($0.valid, $0.issued) = ([:], []) }
  }

  package func accepts(_ token: String, repository: String?) -> Bool {
    state.withLock { state in
      guard let scope = state.valid[token] else { return false }
      return repository == nil || scope == repository
    }
  }

  /// A signed token (RFC 7519) for one repository.
  package func issue(repository: String?, actions: [String] = ["pull"]) throws -> String {
    let now = Int(Date().timeIntervalSince1970)
    let access =
      repository.map { name in
        let list = actions.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"type":"repository","name":"\#(name)","actions":[\#(list)]}"#
      } ?? ""
    let header = #"{"typ":"JWT","alg":"ES256","x5c":["\#(Data(signer.certificateDER).base64EncodedString())"]}"#
    let claims =
      #"{"iss":"\#(issuer)","aud":"\#(service)","sub":"test","iat":\#(now),"nbf":\#(now - 60),"#
      + #""exp":\#(now + 3600),"jti":"\#(UUID().uuidString)","access":[\#(access)]}"#
    let signed = Self.encode(Data(header.utf8)) + "." + Self.encode(Data(claims.utf8))
    let signature = try signer.key.signature(for: Data(signed.utf8))
    let token = signed + "." + Self.encode(signature.rawRepresentation)
    state.withLock { state in
      state.valid[token] = .some(repository)
      state.issued.append(token)
      guard state.issued.count > 2 * Self.mostTokens else { return }
      for old in state.issued.prefix(Self.mostTokens) { state.valid[old] = nil }
      state.issued.removeFirst(Self.mostTokens)
    }
    return token
  }

  /// The base64 of JSON Web Tokens: the alphabet of URLs, no padding.
  private static func encode(_ data: Data) -> String {
    String(data.base64EncodedString().compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
  }

  func respond(to request: Request) async throws -> Response {
    let record = try await RecordedRequest(request)
    let (fault, allowed, expiresIn) = state.withLock { state in
      state.requests.append(record)
      let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
      return (fault, Self.allows(record, state), state.expiresIn)
    }
    if let fault { return .plain(fault.status, body: Array(fault.body.utf8)) }
    guard allowed else {
      return .plain(401, body: EmbeddedRegistry.error("UNAUTHORIZED", "incorrect username or password"))
    }
    let scope = Self.fields(of: record)["scope"]?.split(separator: ":").map(String.init) ?? []
    let token = try issue(repository: scope.count == 3 ? scope[1] : nil)
    let expiry = expiresIn.map { ",\"expires_in\":\($0)" } ?? ""
    let name = record.method == "POST" ? "access_token" : "token"
    return .plain(
      200, headers: [("Content-Type", "application/json")], body: Array(#"{"\#(name)":"\#(token)"\#(expiry)}"#.utf8))
  }

  private static func allows(_ request: RecordedRequest, _ state: State) -> Bool {
    if request.method == "POST" {
      let fields = fields(of: request)
      return fields["grant_type"] == "refresh_token" && state.identityTokens.contains(fields["refresh_token"] ?? "")
    }
    guard let authorization = request.authorization else { return state.allowsAnonymous }
    return state.users.contains { authorization == EmbeddedRegistry.basic($0.key, $0.value) }
  }

  private static func fields(of request: RecordedRequest) -> [String: String] {
    let text = request.method == "POST" ? String(decoding: request.body, as: UTF8.self) : request.query
    return (try? URLEncodedFormDecoder().decode([String: String].self, from: text)) ?? [:]
  }
}
