package import Kubernetes

/// What a container runtime and a kubelet give to the program of a container.
package struct ContainerRun: Sendable {
  package var namespace: String
  package var pod: String
  package var podUID: String
  package var node: String
  package var container: String
  /// An address of the loopback interface that no other pod has: what would be served on `0.0.0.0` is served there.
  package var podIP: String
  /// What follows the program's name: `["controller", "--namespace", "prepull"]`.
  package var arguments: [String]
  /// Of the container (`env`, with `fieldRef` resolved), and what every pod has.
  package var environment: [String: String]
  /// The cluster as the pod's service account reaches it; nil when no token is mounted.
  package var configuration: ClusterConfiguration?
  /// Takes what the program prints; `kubectl logs` shows it.
  package var print: @Sendable (String) -> Void
}
