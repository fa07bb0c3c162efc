import Networking
import Documents
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Gets bearer tokens from the servers that registries point at.
///
/// Source: the distribution project's token specification; GET with basic auth or none, POST for identity tokens.
struct TokenService {
  struct Token {
    let text: String
    let life: Duration
  }

  /// A token is 60 s old at most when a server does not say how long it lives.
  private static let defaultLife = 60.0
  private static let maximumAnswer = 1 << 20

  let transport: RegistryTransport
  let clock: SystemClock

  /// - Parameter access: of the host that asks for the token; its certificates hold for the server of tokens too.
  func token(
    for challenge: Challenge, repository: String, credential: RegistryCredential?, access: HostAccess = HostAccess()
  ) async throws -> Token {
    guard let realm = challenge.parameters["realm"], let url = URL(string: realm), url.host() != nil else {
      throw RegistryProblem(.fault, "the registry does not say where to get a token")
    }
    let asked = challenge.parameters["scope"] ?? ""
    let fields = [
      ("service", challenge.parameters["service"] ?? ""),
      ("scope", asked.isEmpty ? "repository:\(repository):pull" : asked),
    ].filter { !$0.1.isEmpty }
    var request = RegistryTransport.Request(url: url)
    request.access = access
    switch credential {
    case .identityToken(_, let token):
      request.method = .POST
      request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
      let form = fields + [("grant_type", "refresh_token"), ("client_id", "prepull"), ("refresh_token", token)]
      request.body = ByteBuffer(string: Self.encode(form))
    case .basic(let username, let password):
      request.authorization = RegistryCredential.basicHeader(username, password)
      request.url = try Self.adding([("account", username)] + fields, to: url)
    case .registryToken, nil:
      request.url = try Self.adding(fields, to: url)
    }
    let response = try await transport.send(request)
    guard (200..<300).contains(response.status) else {
      var problem = RegistryProblem(
        status: response.status, headers: response.headers, body: await response.excerpt(), host: response.host,
        clock: clock)
      if problem.code == .notFound { (problem.code, problem.status) = (.fault, nil) }
      problem.detail = "no token: " + problem.detail
      throw problem
    }
    let body = try await response.collect(upTo: Self.maximumAnswer)
    guard let answer = try? JSON(parsing: body), answer.object != nil else {
      throw RegistryProblem(.fault, "\(response.host) answered with something else than a token")
    }
    return Token(text: try Self.text(in: answer, from: response.host), life: .seconds(Self.life(in: answer)))
  }

  /// Either field may carry the token; servers that know both may leave one empty, and where they differ runtimes take
  /// `access_token`.
  private static func text(in answer: JSON, from host: String) throws(RegistryProblem) -> String {
    for key in ["access_token", "token"] {
      guard let text = answer.member(key)?.string, let first = text.firstIndex(where: { !$0.isWhitespace }) else {
        continue
      }
      let token = text[first...].prefix { !$0.isWhitespace }
      guard token.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }) else {
        throw RegistryProblem(.fault, "\(host) answered with a token that no request can carry")
      }
      return String(token)
    }
    throw RegistryProblem(.fault, "\(host) answered without a token")
  }

  /// Seconds. Some servers write the number as text; of what is no number the token is not to blame.
  private static func life(in answer: JSON) -> Double {
    let stated = answer.member("expires_in").flatMap { $0.number ?? $0.string.flatMap { Double($0) } }
    guard let stated, stated > 0 else { return defaultLife }
    return min(stated, 86_400)
  }

  private static func adding(_ fields: [(String, String)], to url: URL) throws -> URL {
    let text = url.absoluteString
    guard let result = URL(string: text + (text.contains("?") ? "&" : "?") + encode(fields)) else {
      throw RegistryProblem(.fault, "the registry's token address is malformed")
    }
    return result
  }

  /// Fields as a form or a query has them: all but letters, digits and `-._~` in percent form.
  private static func encode(_ fields: [(String, String)]) -> String {
    fields.map { "\($0)=\(percent($1))" }.joined(separator: "&")
  }

  private static func percent(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { result, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(Character(Unicode.Scalar(byte)))
      default:
        result += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
      }
    }
  }
}
