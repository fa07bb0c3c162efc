import Documents
import Kubernetes
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the operator answered an agent that asked for a credential.
struct OperatorAnswer: Sendable {
  /// Nil where everybody may pull.
  let login: RegistryCredential?
  /// Nil for one that is not to be kept.
  let expires: Date?

  /// - Throws: `LoginFault`, of what the operator says of a refusal.
  init(status: Int, body: [UInt8], registry: String, repository: String) throws(LoginFault) {
    let json = (try? JSON(parsing: body)) ?? .null
    guard status == 200 else {
      let reason = json["reason"]?.string ?? ""
      let isWord = !reason.isEmpty && reason.utf8.count <= 60 && reason.allSatisfy { $0.isASCII && $0.isLetter }
      throw LoginFault(
        reason: isWord ? reason : "OperatorUnavailable",
        message: "the operator gives no credential: "
          + ForeignText.clean(json["message"]?.string ?? "it answered with status \(status)"))
    }
    // One for another repository would be shown to the wrong registry.
    guard json["registry"]?.string == registry, json["repository"]?.string == repository else {
      throw LoginFault(
        reason: "OperatorUnavailable",
        message: "the operator answered for another repository than \(registry)/\(repository)")
    }
    if let token = json["token"]?.string, !token.isEmpty {
      login = .registryToken(token)
      expires = json["expiresAt"]?.string.flatMap { Timestamp.date($0) }
    } else if let username = json["username"]?.string, let password = json["password"]?.string {
      login = .basic(username: username, password: password)
      expires = nil
    } else {
      login = nil
      expires = nil
    }
  }
}
