/// The question whether somebody may do something, asked by somebody else.
package struct SubjectAccessReview: Resource {
  package static let apiVersion = "authorization.k8s.io/v1"
  package static let kind = "SubjectAccessReview"
  package static let plural = "subjectaccessreviews"
  package static let isNamespaced = false

  package struct Spec: Codable, Hashable, Sendable {
    package var resourceAttributes: SelfSubjectAccessReview.ResourceAttributes
    package var user: String?
    package var uid: String?
    package var groups: [String]?
    package var extra: [String: [String]]?
  }

  package var metadata: ObjectMeta
  package var spec: Spec
  package var status: SelfSubjectAccessReview.Status?

  /// - Parameter user: as a review of the token told.
  package init(of user: TokenReview.User, asking attributes: SelfSubjectAccessReview.ResourceAttributes) {
    metadata = ObjectMeta()
    spec = Spec(
      resourceAttributes: attributes, user: user.username, uid: user.uid, groups: user.groups, extra: user.extra)
  }
}
