/// A namespace.
package struct Namespace: Resource {
  package static let apiVersion = "v1"
  package static let kind = "Namespace"
  package static let plural = "namespaces"
  package static let isNamespaced = false

  package struct Status: Codable, Hashable, Sendable {
    /// `Active` or `Terminating`.
    package var phase: String?

    package init(phase: String? = nil) { self.phase = phase }
  }

  package var metadata: ObjectMeta
  package var status: Status?

  package init(metadata: ObjectMeta) { self.metadata = metadata }
}
