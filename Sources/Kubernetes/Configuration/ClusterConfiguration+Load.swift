#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ClusterConfiguration {
  /// The configuration that kubectl would use with the same options and environment.
  ///
  /// - Parameters:
  ///   - decode: reads a kubeconfig's text; YAML is known only to the command line's layer.
  ///   - serviceAccount: the folder where a pod finds its service account.
  package static func load(
    _ overrides: Overrides = Overrides(), environment: [String: String],
    serviceAccount: String = Self.serviceAccountFolder, decode: (String) throws -> Kubeconfig
  ) throws(ConfigurationError) -> ClusterConfiguration {
    let kubeconfig = try Kubeconfig.load(explicit: overrides.kubeconfig, environment: environment, decode: decode)
    var configuration: ClusterConfiguration
    if let kubeconfig, overrides.kubeconfig != nil || !kubeconfig.isEmpty || overrides.server != nil {
      configuration = try ClusterConfiguration(kubeconfig, overrides, environment)
    } else if let inCluster = try ClusterConfiguration.inCluster(environment, serviceAccount) {
      configuration = inCluster
    } else if overrides.server != nil {
      configuration = try ClusterConfiguration(Kubeconfig(), overrides, environment)
    } else {
      throw ConfigurationError(
        .none, Self.absence(kubeconfig, environment["KUBECONFIG"].nonEmpty),
        remedy: "Name one with --kubeconfig or in KUBECONFIG; `prepull sandbox up` starts a cluster to try things on.")
    }
    configuration.environment = environment
    try configuration.apply(overrides)
    return configuration
  }

  private static func absence(_ kubeconfig: Kubeconfig?, _ named: String?) -> String {
    if kubeconfig == nil, let named { return "there is no kubeconfig \(named) (KUBECONFIG)" }
    return "no kubeconfig was found, and this is not a pod of a cluster"
  }

  /// What the context of a kubeconfig stands for.
  private init(
    _ kubeconfig: Kubeconfig, _ overrides: Overrides, _ environment: [String: String]
  ) throws(ConfigurationError) {
    let contexts = kubeconfig.contexts ?? []
    let wanted = overrides.context.nonEmpty ?? kubeconfig.currentContext.nonEmpty
    let context = contexts.first { $0.name == wanted }?.value
    if let wanted, context == nil {
      throw ConfigurationError(
        .unknownContext, "the context '\(wanted)' does not exist",
        remedy: Self.choice("--context", contexts.map(\.name)))
    }
    let clusterName = overrides.cluster.nonEmpty ?? context?.cluster.nonEmpty
    let cluster = kubeconfig.clusters?.first { $0.name == clusterName }?.value
    if let clusterName, cluster == nil, overrides.server == nil || overrides.cluster != nil {
      throw ConfigurationError(
        .unknownCluster, "the cluster '\(clusterName)'\(Self.of(wanted)) does not exist",
        remedy: Self.choice("--cluster", (kubeconfig.clusters ?? []).map(\.name)))
    }
    let userName = overrides.user.nonEmpty ?? context?.user.nonEmpty
    let user = kubeconfig.users?.first { $0.name == userName }?.value
    if let userName, user == nil {
      throw ConfigurationError(
        .unknownUser, "the user '\(userName)'\(Self.of(wanted)) does not exist",
        remedy: Self.choice("--user", (kubeconfig.users ?? []).map(\.name)))
    }
    guard let server = overrides.server.nonEmpty ?? cluster?.server.nonEmpty else {
      if clusterName == nil {
        throw ConfigurationError(
          .unknownContext, "no context is chosen", remedy: Self.choice("--context", contexts.map(\.name)))
      }
      throw ConfigurationError(
        .badServer, "the cluster '\(clusterName ?? "")' has no server", remedy: "Add it to the kubeconfig.")
    }
    self.init(server: server)
    contextName = wanted
    self.clusterName = clusterName
    self.userName = userName
    namespace = context?.namespace.nonEmpty ?? "default"
    if let cluster { try take(cluster, overrides) }
    if let user { try take(user, cluster, environment) }
  }

  private mutating func take(_ cluster: Kubeconfig.Cluster, _ overrides: Overrides) throws(ConfigurationError) {
    proxyURL = cluster.proxyURL.nonEmpty
    tls.serverName = cluster.tlsServerName.nonEmpty
    tls.skipsVerification = cluster.insecureSkipTLSVerify ?? false
    tls.authority = try Self.pem(
      cluster.certificateAuthorityData, cluster.certificateAuthority, "certificate-authority",
      of: "the cluster '\(clusterName ?? "")'")
    if tls.skipsVerification, tls.authority != nil, overrides.certificateAuthority == nil {
      throw ConfigurationError(
        .malformed,
        "the cluster '\(clusterName ?? "")' has both certificate-authority and insecure-skip-tls-verify",
        remedy: "Take one of them out of the kubeconfig.")
    }
  }

  private mutating func take(
    _ user: Kubeconfig.User, _ cluster: Kubeconfig.Cluster?, _ environment: [String: String]
  ) throws(ConfigurationError) {
    let subject = "the user '\(userName ?? "")'"
    tls.clientCertificate = try Self.pem(
      user.clientCertificateData, user.clientCertificate, "client-certificate", of: subject)
    tls.clientKey = try Self.pem(user.clientKeyData, user.clientKey, "client-key", of: subject)
    if let name = user.impersonate.nonEmpty {
      impersonation = Impersonation(
        user: name, uid: user.impersonateUID, groups: user.impersonateGroups ?? [], extra: user.impersonateExtra ?? [:])
    }
    if let file = user.tokenFile.nonEmpty {
      authentication = .tokenFile(file, token: user.token.nonEmpty)
    } else if let token = user.token.nonEmpty {
      authentication = .token(token)
    } else if let username = user.username.nonEmpty {
      authentication = .basic(username: username, password: user.password ?? "")
    } else if let exec = user.exec {
      authentication = .exec(try ExecPlugin(exec, cluster, of: subject, environment))
    } else if let provider = user.authProvider, tls.clientCertificate == nil {
      throw ConfigurationError(
        .unsupported, "\(subject) logs in with the auth provider '\(provider.name ?? "")', gone since Kubernetes 1.26",
        remedy: "Write the kubeconfig again with your cloud's tool: it will use an exec plugin.")
    }
  }

  private mutating func apply(_ overrides: Overrides) throws(ConfigurationError) {
    if let name = overrides.namespace.nonEmpty { namespace = name }
    if let token = overrides.token.nonEmpty { authentication = .token(token) }
    if let name = overrides.tlsServerName.nonEmpty { tls.serverName = name }
    if let file = overrides.certificateAuthority.nonEmpty { tls.authority = .file(file) }
    if overrides.insecureSkipTLSVerify {
      tls.skipsVerification = true
      tls.authority = nil
    }
    if let user = overrides.as.nonEmpty {
      impersonation = Impersonation(user: user, uid: overrides.asUID, groups: overrides.asGroups)
    } else if !overrides.asGroups.isEmpty || overrides.asUID != nil {
      throw ConfigurationError(
        .malformed, "groups or a uid to act as are named without a user", remedy: "Add --as USER.")
    }
    // 0 means no limit to kubectl; each of our requests has one.
    if let limit = overrides.requestTimeout, limit > .zero { requestTimeout = limit }
  }

  /// Data in base64 wins over a file, as kubectl has it.
  private static func pem(
    _ data: String?, _ file: String?, _ field: String, of subject: String
  ) throws(ConfigurationError) -> PEM? {
    guard let data = data.nonEmpty else { return file.nonEmpty.map { .file($0) } }
    guard let bytes = Data(base64Encoded: data.filter { !$0.isWhitespace }),
      let text = String(validating: bytes, as: UTF8.self)
    else {
      throw ConfigurationError(
        .badCertificate, "\(field)-data of \(subject) is not PEM in base64",
        remedy: "Write the kubeconfig again with the cluster's tool.")
    }
    return .text(text)
  }

  private static func of(_ context: String?) -> String { context.map { " of the context '\($0)'" } ?? "" }

  private static func choice(_ option: String, _ names: [String]) -> String {
    guard !names.isEmpty else { return "The kubeconfig has none: is it the right file?" }
    let shown = names.sorted().prefix(8).joined(separator: ", ")
    return "Choose one with \(option): \(shown)\(names.count > 8 ? ", …" : "")."
  }
}

extension Kubeconfig {
  /// Whether it says nothing at all, so that a pod's own service account is used instead.
  fileprivate var isEmpty: Bool {
    currentContext.nonEmpty == nil && (contexts ?? []).isEmpty && (clusters ?? []).isEmpty && (users ?? []).isEmpty
  }
}

extension String? {
  /// Nil for the empty text, which Kubernetes does not tell from none.
  var nonEmpty: String? { self?.isEmpty ?? true ? nil : self }
}
