package import ArgumentParser
import Documents
package import Kubernetes

/// The cluster that the pod of this process belongs to.
package struct PodCluster: ClusterArguments {
  package static let title = "Cluster options"

  @Option(name: .shortAndLong, help: ArgumentHelp("The namespace. (default: the pod's)", valueName: "name"))
  package var namespace: String?

  @Option(
    help: ArgumentHelp("A kubeconfig in JSON, outside of a pod: kubectl config view --raw -o json", valueName: "file"))
  var kubeconfig: String?

  package init() {}

  package func validate() throws {
    if let namespace, let problem = NamingRule.label.problem(in: namespace) {
      throw ValidationError("the namespace '\(namespace)' \(problem)")
    }
  }

  package func configuration(environment: [String: String]) throws(ConfigurationError) -> ClusterConfiguration {
    var overrides = ClusterConfiguration.Overrides()
    overrides.kubeconfig = kubeconfig
    overrides.namespace = namespace
    var configuration = try ClusterConfiguration.load(overrides, environment: environment) { text in
      do {
        return try JSON(parsing: text).withoutControls.decoded()
      } catch let error as JSONError {
        // The error's own text may quote a token.
        throw Kubeconfig.SyntaxError(
          line: nil,
          reason: "prepulld reads JSON only, as kubectl config view --raw -o json writes it (byte \(error.offset))")
      }
    }
    configuration.userAgent = "prepull/\(Version.current)"
    return configuration
  }
}
