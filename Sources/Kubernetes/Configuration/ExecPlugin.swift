package import Documents

/// A program that logs in for us (`client.authentication.k8s.io`), as a kubeconfig names it.
package struct ExecPlugin: Hashable, Sendable, CustomStringConvertible {
  /// Whether the program may talk to the user.
  package enum InteractiveMode: String, Hashable, Sendable {
    case never = "Never"
    case ifAvailable = "IfAvailable"
    case always = "Always"
  }

  /// `client.authentication.k8s.io/v1`, or `v1beta1`.
  package var apiVersion: String
  /// A name that is looked for on the PATH, or a path.
  package var command: String
  package var arguments: [String]
  /// Everything that the program gets, the user's own environment included.
  package var environment: [String: String]
  package var installHint: String?
  package var interactiveMode: InteractiveMode
  /// What `KUBERNETES_EXEC_INFO` says of the cluster, where the kubeconfig asks for it.
  package var cluster: JSON?

  package init(
    apiVersion: String = "client.authentication.k8s.io/v1", command: String, arguments: [String] = [],
    environment: [String: String] = [:], installHint: String? = nil, interactiveMode: InteractiveMode = .never,
    cluster: JSON? = nil
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.installHint = installHint
    self.interactiveMode = interactiveMode
    self.cluster = cluster
  }

  /// Without the arguments and the environment, which may hold secrets.
  package var description: String { "exec plugin \(command)" }
}
