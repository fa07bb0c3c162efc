/// Somebody whom the API server knows.
package struct ServerUser: Hashable, Sendable {
  package var name: String
  package var groups: [String]
  package var uid: String?

  package init(name: String, groups: [String] = [], uid: String? = nil) {
    self.name = name
    self.groups = groups
    self.uid = uid
  }

  package static let admin = ServerUser(name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"])
  static let anonymous = ServerUser(name: "system:anonymous", groups: ["system:unauthenticated"])
}
