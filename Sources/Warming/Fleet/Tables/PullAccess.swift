/// With which pull secrets pods ask for images.
///
/// Since Kubernetes 1.35 a kubelet lets a pod have an image that is on its node only if it was pulled there with the
/// secrets of that pod (KEP-2535). So what one set of secrets has proved says nothing about another.
package struct PullAccess: Hashable, Sendable {
  /// Empty without secrets: no namespace matters then.
  package let namespace: String
  /// Names, sorted, each once.
  package let secrets: [String]

  package init(namespace: String, secrets: [String]) {
    self.namespace = secrets.isEmpty ? "" : namespace
    self.secrets = Set(secrets).sorted()
  }

  package static let anonymous = PullAccess(namespace: "", secrets: [])
}

extension PullAccess: Comparable {
  package static func < (one: Self, other: Self) -> Bool {
    (one.namespace, one.secrets.joined(separator: ",")) < (other.namespace, other.secrets.joined(separator: ","))
  }
}
