import Crypto
import Documents
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes and checks the tokens of service accounts: JSON Web Tokens, bound to the account and, where asked for, to a
/// pod; worth nothing when either is gone.
///
/// Source: `pkg/serviceaccount/claims.go`. Signed with ES256.
final class ServiceAccountTokens: Sendable {
  static let audience = "https://kubernetes.default.svc.cluster.local"

  struct Token: Sendable {
    let text: String
    let expires: Date
  }

  private let store: Store
  /// Whether tokens of pods tell their node, and each has an identity: Kubernetes 1.30 and later.
  private let namesNodes: Bool
  private let key = P256.Signing.PrivateKey()
  /// Claims of tokens whose signature was found good.
  private let known = Mutex<[String: JSON]>([:])

  init(_ store: Store, namesNodes: Bool = true) {
    self.store = store
    self.namesNodes = namesNodes
  }

  /// - Parameters:
  ///   - account: the ServiceAccount.
  ///   - pod: the token ends with it.
  func token(
    for account: JSON, pod: JSON? = nil, lifetime: Duration = .seconds(3600), audiences: [String] = [audience]
  ) throws -> Token {
    let now = store.now()
    let expires = now + TimeInterval(lifetime.components.seconds)
    let name = ObjectName(account)
    var details: JSON = [
      "namespace": .string(name.namespace ?? ""),
      "serviceaccount": ["name": .string(name.name), "uid": .string(account.uid)],
    ]
    if let pod {
      details["pod"] = ["name": .string(ObjectName(pod).name), "uid": .string(pod.uid)]
      if namesNodes, let node = pod.nodeName {
        details["node"] = ["name": .string(node)]
        if let uid = store.get(.nodes, name: node)?.uid { details[path: "node", "uid"] = .string(uid) }
      }
    }
    let claims: JSON = [
      "aud": .array(audiences.map(JSON.string)), "exp": .integer(Int64(expires.timeIntervalSince1970)),
      "iat": .integer(Int64(now.timeIntervalSince1970)), "nbf": .integer(Int64(now.timeIntervalSince1970)),
      "iss": .string(Self.audience), "jti": .string(UUID().uuidString.lowercased()), "kubernetes.io": details,
      "sub": .string(ServerUser.accountName(name.namespace ?? "", name.name)),
    ]
    let content =
      Self.encode(JSON.object(["alg": "ES256", "typ": "JWT"]).bytes(sorted: true)) + "."
      + Self.encode(claims.bytes(sorted: true))
    let signature = try key.signature(for: Data(content.utf8))
    return Token(text: content + "." + Self.encode(Array(signature.rawRepresentation)), expires: expires)
  }

  /// Whose token this is; nil for one that is not ours, is over, is for nobody of `audiences`, or whose account or pod
  /// is gone.
  ///
  /// - Returns: the audiences among `audiences` that it is for, too.
  func user(of token: String, for audiences: [String] = [audience]) -> (user: ServerUser, audiences: [String])? {
    guard let claims = claims(of: token), let details = claims["kubernetes.io"],
      let namespace = details["namespace"]?.string, let name = details[path: "serviceaccount", "name"]?.string,
      claims["exp"]?.integer ?? 0 > Int64(store.now().timeIntervalSince1970),
      let account = store.get(.serviceAccounts, namespace: namespace, name: name),
      account.uid == details[path: "serviceaccount", "uid"]?.string
    else { return nil }
    let own = claims["aud"]?.array ?? []
    let common = audiences.filter { own.contains(.string($0)) }
    if common.isEmpty { return nil }
    var user = ServerUser.account(namespace, name)
    user.uid = account.uid
    if namesNodes { user.extra["authentication.kubernetes.io/credential-id"] = ["JTI=\(claims["jti"]?.string ?? "")"] }
    if let pod = details["pod"] {
      let podName = pod["name"]?.string ?? ""
      guard store.get(.pods, namespace: namespace, name: podName)?.uid == pod["uid"]?.string else { return nil }
      user.extra["authentication.kubernetes.io/pod-name"] = [podName]
      user.extra["authentication.kubernetes.io/pod-uid"] = [pod["uid"]?.string ?? ""]
      if let node = details[path: "node", "name"]?.string {
        user.extra["authentication.kubernetes.io/node-name"] = [node]
        if let uid = details[path: "node", "uid"]?.string {
          user.extra["authentication.kubernetes.io/node-uid"] = [uid]
        }
      }
    }
    return (user, common)
  }

  private func claims(of token: String) -> JSON? {
    if let claims = known.withLock({ $0[token] }) { return claims }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let signature = Self.decode(parts[2]),
      let mark = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
      key.publicKey.isValidSignature(mark, for: Data("\(parts[0]).\(parts[1])".utf8)),
      let content = Self.decode(parts[1]), let claims = try? JSON(parsing: content)
    else { return nil }
    known.withLock { known in
      if known.count >= 1_000 { known.removeAll() }
      known[token] = claims
    }
    return claims
  }

  // MARK: base64url without padding

  private static func encode(_ bytes: [UInt8]) -> String {
    String(
      Data(bytes).base64EncodedString().compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
  }

  private static func decode(_ text: Substring) -> Data? {
    let standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
  }
}
