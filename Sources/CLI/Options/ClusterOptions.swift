import ArgumentParser
import Commands
import Documents
import Foundation
import Kubernetes

/// Which cluster is meant, and as whom: the options that kubectl has, under the names that kubectl gives them.
struct ClusterOptions: ClusterArguments {
  static let title = "Cluster options, as kubectl has them"

  @Option(help: ArgumentHelp("The kubeconfig. (default: KUBECONFIG, else ~/.kube/config)", valueName: "file"))
  var kubeconfig: String?

  @Option(
    help: ArgumentHelp("The context of the kubeconfig. (default: its current one)", valueName: "name"),
    completion: .names(.context))
  var context: String?

  @Option(
    help: ArgumentHelp("The cluster of the kubeconfig, instead of the context's.", valueName: "name"),
    completion: .names(.cluster))
  var cluster: String?

  @Option(
    help: ArgumentHelp("The user of the kubeconfig, instead of the context's.", valueName: "name"),
    completion: .names(.user))
  var user: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The namespace. (default: the context's; for images and dashboard all)", valueName: "name"),
    completion: .names(.namespace))
  var namespace: String?

  @Option(help: ArgumentHelp("Act as this user.", valueName: "name"))
  var `as`: String?

  @Option(help: ArgumentHelp("Act as a member of this group. Repeatable.", valueName: "name"))
  var asGroup: [String] = []

  @Option(help: ArgumentHelp("Act as the user with this uid.", valueName: "uid"))
  var asUID: String?

  @Option(
    help: ArgumentHelp("How long one request may take: 30, 30s, 1m; 0 is the usual minute.", valueName: "duration"),
    transform: RequestTimeout.parse)
  var requestTimeout: RequestTimeout?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Address of the API server, instead of the cluster's.", valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp(
      "Bearer token. Every user of this machine can read it there: prefer a kubeconfig.", valueName: "token"))
  var token: String?

  @Option(help: ArgumentHelp("Authorities that sign the API server's certificate (PEM).", valueName: "file"))
  var certificateAuthority: String?

  @Flag(help: "Do not check the API server's certificate: anybody in between may read and change all.")
  var insecureSkipTLSVerify = false

  @Option(
    name: .customLong("tls-server-name"),
    help: ArgumentHelp("The name to check the API server's certificate against.", valueName: "name"))
  var tlsServerName: String?

  func validate() throws {
    if let namespace, let problem = NamingRule.label.problem(in: namespace) {
      throw ValidationError("the namespace '\(namespace)' \(problem)")
    }
  }

  var warning: String? {
    token.map { _ in "--token can be read by every user of this machine; use a kubeconfig" }
  }

  /// What these options and the environment stand for.
  func configuration(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) -> ClusterConfiguration {
    var overrides = ClusterConfiguration.Overrides()
    overrides.kubeconfig = kubeconfig
    overrides.context = context
    overrides.cluster = cluster
    overrides.user = user
    overrides.namespace = namespace
    overrides.as = `as`
    overrides.asGroups = asGroup
    overrides.asUID = asUID
    overrides.requestTimeout = requestTimeout?.duration
    overrides.server = server
    overrides.token = token
    overrides.certificateAuthority = certificateAuthority
    overrides.insecureSkipTLSVerify = insecureSkipTLSVerify
    overrides.tlsServerName = tlsServerName
    var configuration = try ClusterConfiguration.load(overrides, environment: environment, decode: Self.kubeconfig)
    configuration.userAgent = "prepull/\(Version.current)"
    return configuration
  }

  static func kubeconfig(_ text: String) throws -> Kubeconfig {
    do {
      guard let document = try YAMLDocuments.parse(text).first else { return Kubeconfig() }
      return try document.json.withoutControls.decoded()
    } catch let error as YAMLError {
      throw Kubeconfig.SyntaxError(line: error.line, reason: error.reason)
    }
  }
}

/// A limit as kubectl writes it: seconds, or a number with unit; 0 sets none.
struct RequestTimeout: Equatable {
  let duration: Duration

  static func parse(_ text: String) throws -> RequestTimeout {
    if let seconds = Int32(text), seconds >= 0 { return RequestTimeout(duration: .seconds(seconds)) }
    return RequestTimeout(duration: try TimeSpan(parsing: text).duration)
  }
}
