/// A lease: who leads, and until when.
package struct Lease: Resource {
  package static let apiVersion = "coordination.k8s.io/v1"
  package static let kind = "Lease"
  package static let plural = "leases"

  package struct Spec: Codable, Hashable, Sendable {
    package var holderIdentity: String?
    package var leaseDurationSeconds: Int?
    package var leaseTransitions: Int?
    /// RFC 3339 with microseconds.
    package var acquireTime: String?
    package var renewTime: String?

    package init() {}
  }

  package var metadata: ObjectMeta
  package var spec: Spec?

  package init(metadata: ObjectMeta) { self.metadata = metadata }
}
