import Commands
import Kubernetes
import Logging
import Networking

/// Whether a cluster is new enough for agents.
///
/// An agent is kept to its own node by the node that its token names, and API servers write that since Kubernetes 1.30.
enum AgentRequirement {
  static let minor = 30

  /// What a person is told who installs agents there; throws for a cluster that is too old.
  ///
  /// - Parameter version: `v1.36.2`.
  static func check(_ version: String) throws(AgentRefusal) {
    let numbers = version.drop { !$0.isNumber }.split(separator: ".").map { $0.prefix(while: \.isNumber) }
    guard numbers.count > 1, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return }
    if (major, minor) < (1, Self.minor) { throw AgentRefusal(version: version) }
  }

  /// Asks the cluster of the kubeconfig.
  ///
  /// - Returns: why it could not be asked; nil when it is new enough.
  static func ask(_ options: ClusterOptions, logger: Logger) async throws -> String? {
    var options = options
    if options.requestTimeout == nil { options.requestTimeout = RequestTimeout(duration: .seconds(5)) }
    let version: String
    do {
      version = try await options.withClient(notice: { _ in }, logger: logger) { try await $0.serverVersion() }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      return "\(error)".split(separator: "\n").first.map(String.init) ?? "it cannot be reached"
    }
    try check(version)
    return nil
  }
}

/// A cluster that is too old for agents.
struct AgentRefusal: Error, Hashable, CustomStringConvertible {
  let version: String

  var description: String {
    "the cluster is Kubernetes \(version), and agents need 1.\(AgentRequirement.minor): before, tokens of pods do not name "
      + "their node, so an agent could write what other nodes hold\n  Leave out --agent, or upgrade the cluster."
  }
}
