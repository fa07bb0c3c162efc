/// The question whether the asker may do something.
package struct SelfSubjectAccessReview: Resource {
  package static let apiVersion = "authorization.k8s.io/v1"
  package static let kind = "SelfSubjectAccessReview"
  package static let plural = "selfsubjectaccessreviews"
  package static let isNamespaced = false

  package struct Spec: Codable, Hashable, Sendable {
    package var resourceAttributes: ResourceAttributes

    package init(resourceAttributes: ResourceAttributes) { self.resourceAttributes = resourceAttributes }
  }

  package struct ResourceAttributes: Codable, Hashable, Sendable {
    package var namespace: String?
    package var verb: String
    package var group: String?
    package var resource: String
    package var subresource: String?
    package var name: String?

    package init(
      verb: String, group: String? = nil, resource: String, subresource: String? = nil, namespace: String? = nil,
      name: String? = nil
    ) {
      self.namespace = namespace
      self.verb = verb
      self.group = group
      self.resource = resource
      self.subresource = subresource
      self.name = name
    }
  }

  package struct Status: Codable, Hashable, Sendable {
    package var allowed: Bool
    package var denied: Bool?
    package var reason: String?
    package var evaluationError: String?
  }

  package var metadata: ObjectMeta
  package var spec: Spec
  package var status: Status?

  package init(asking attributes: ResourceAttributes) {
    metadata = ObjectMeta()
    spec = Spec(resourceAttributes: attributes)
  }
}
