/// The question whose token this is. Its text never shows it.
package struct TokenReview: Resource, CustomStringConvertible {
  package static let apiVersion = "authentication.k8s.io/v1"
  package static let kind = "TokenReview"
  package static let plural = "tokenreviews"
  package static let isNamespaced = false

  package struct Spec: Codable, Hashable, Sendable {
    package var token: String?
    package var audiences: [String]?
  }

  package struct User: Codable, Hashable, Sendable {
    package var username: String?
    package var uid: String?
    package var groups: [String]?
    package var extra: [String: [String]]?

    package init(username: String? = nil) { self.username = username }
  }

  package struct Status: Codable, Hashable, Sendable {
    package var authenticated: Bool?
    package var user: User?
    /// Those of the asked ones that the token is for. None where the server knows nothing of audiences.
    package var audiences: [String]?
    package var error: String?
  }

  package var metadata: ObjectMeta
  package var spec: Spec
  package var status: Status?

  package init(of token: String, audiences: [String]) {
    metadata = ObjectMeta()
    spec = Spec(token: token, audiences: audiences)
  }

  package var description: String { "token review" }
}
