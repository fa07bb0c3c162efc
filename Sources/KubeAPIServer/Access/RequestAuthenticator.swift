import HTTPTypes
import Hummingbird
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// Tells who sends a request: by client certificate, or by bearer token.
struct RequestAuthenticator: Sendable {
  let tokens: [String: ServerUser]
  /// Without credentials everybody is the administrator.
  let isOpen: Bool
  /// Knows the tokens of service accounts.
  let accounts: ServiceAccountTokens?

  static let unauthorized = StatusError(401, "Unauthorized", "Unauthorized")

  /// The user, after impersonation; throws 401, or what `permit` throws for a user who may not impersonate.
  func user(
    of request: Request, certificate: ServerUser?, permit: (AccessAttempt) throws(StatusError) -> Void
  ) throws(StatusError) -> ServerUser {
    let user = try self.user(of: request, certificate: certificate)
    guard let name = request.headers[Self.impersonated] else { return user }
    var other = ServerUser(
      name: name, groups: request.headers[values: Self.impersonatedGroup], uid: request.headers[Self.impersonatedUID])
    if let account = other.account {
      try permit(
        AccessAttempt(
          user: user, verb: "impersonate", plural: "serviceaccounts", namespace: account.namespace, name: account.name))
    } else {
      try permit(AccessAttempt(user: user, verb: "impersonate", plural: "users", name: name))
    }
    for group in other.groups {
      try permit(AccessAttempt(user: user, verb: "impersonate", plural: "groups", name: group))
    }
    if let account = other.account, other.groups.isEmpty {
      other.groups = ServerUser.accountGroups(account.namespace)
    }
    if !other.groups.contains("system:authenticated"), name != ServerUser.anonymous.name {
      other.groups.append("system:authenticated")
    }
    return other
  }

  private func user(of request: Request, certificate: ServerUser?) throws(StatusError) -> ServerUser {
    if let certificate { return certificate }
    if let authorization = request.headers[.authorization] {
      let parts = authorization.split(separator: " ", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "bearer", let user = user(ofToken: String(parts[1])) { return user }
      throw Self.unauthorized
    }
    guard isOpen else { throw Self.unauthorized }
    return .admin
  }

  func user(ofToken token: String) -> ServerUser? { tokens[token] ?? accounts?.user(of: token)?.user }

  /// Whose token this is, for somebody else who was shown it; nil for a token that is not for `audiences`. Without any,
  /// it has to be one for the API server.
  func review(_ token: String, for audiences: [String]) -> (user: ServerUser, audiences: [String])? {
    let wanted = audiences.isEmpty ? [ServiceAccountTokens.audience] : audiences
    guard let user = tokens[token] else { return accounts?.user(of: token, for: wanted) }
    return wanted.contains(ServiceAccountTokens.audience) ? (user, [ServiceAccountTokens.audience]) : nil
  }

  private static let impersonated = HTTPField.Name("Impersonate-User") ?? .from
  private static let impersonatedGroup = HTTPField.Name("Impersonate-Group") ?? .from
  private static let impersonatedUID = HTTPField.Name("Impersonate-Uid") ?? .from

  /// The user that a connection's certificate names; its signature was checked when the connection began.
  static func user(of channel: any Channel) async -> ServerUser? {
    guard let certificate = try? await channel.nioSSL_peerCertificate().get(),
      let bytes = try? certificate.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes)
    else { return nil }
    var name: String?
    var groups: [String] = []
    for part in parsed.subject {
      for attribute in part {
        let text = String(describing: attribute.value)
        if attribute.type == .RDNAttributeType.commonName { name = text }
        if attribute.type == .RDNAttributeType.organizationName { groups.append(text) }
      }
    }
    return name.map { ServerUser(name: $0, groups: groups + ["system:authenticated"]) }
  }
}
