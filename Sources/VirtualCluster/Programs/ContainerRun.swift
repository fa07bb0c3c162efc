package import ImageModel
package import Kubernetes
package import Runtimes

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
  /// The runtime of its node, as a program reaches it that mounts the node's socket or folder: a socket, or an OCI layout;
  /// nil where pulls are modelled.
  package var runtime: RuntimeEndpoint?
  /// What its node runs images for.
  package var platform: Platform
  /// What is in the file of a projected service account token, by its path in the container: made anew by each call, as
  /// kubelets renew it in time; nil where none is mounted there.
  package var token: @Sendable (_ path: String) -> String?
  /// The address behind a name of a Service, as `prepull-controller.prepull-system.svc`, looked up by each call; nil where
  /// no pod of it is ready.
  package var address: @Sendable (_ host: String) -> String?
  /// The disk of its node: bytes that are taken, and all.
  package var disk: @Sendable () async -> (used: Int64, capacity: Int64)
  /// Takes what the program prints; `kubectl logs` shows it.
  package var print: @Sendable (String) -> Void
}
