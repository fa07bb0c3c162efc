/// Somebody whom the API server knows.
package struct ServerUser: Hashable, Sendable {
  package var name: String
  package var groups: [String]
  package var uid: String?
  /// `authentication.kubernetes.io/pod-name` and the like.
  package var extra: [String: [String]] = [:]

  package init(name: String, groups: [String] = [], uid: String? = nil) {
    self.name = name
    self.groups = groups
    self.uid = uid
  }

  package static let admin = ServerUser(name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"])
  static let anonymous = ServerUser(name: "system:anonymous", groups: ["system:unauthenticated"])

  /// The user that a service account is.
  static func account(_ namespace: String, _ name: String) -> ServerUser {
    ServerUser(name: accountName(namespace, name), groups: accountGroups(namespace) + ["system:authenticated"])
  }

  static func accountName(_ namespace: String, _ name: String) -> String {
    "system:serviceaccount:\(namespace):\(name)"
  }

  static func accountGroups(_ namespace: String) -> [String] {
    ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"]
  }

  /// Namespace and name of the service account that this is; nil for other users.
  var account: (namespace: String, name: String)? {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4, name.hasPrefix("system:serviceaccount:") else { return nil }
    return (String(parts[2]), String(parts[3]))
  }
}
