/// How to reach and convince an API server: from a kubeconfig, from a pod's own service account, or by hand.
package struct ClusterConfiguration: Sendable {
  /// Text in PEM form, or the file that has it and that may be replaced while we run.
  package enum PEM: Hashable, Sendable {
    case text(String)
    case file(String)
  }

  package struct TLS: Hashable, Sendable {
    /// The authorities that sign the server's certificate; the system's when nil.
    package var authority: PEM?
    package var skipsVerification = false
    /// The name in the server's certificate, when it is not the host's.
    package var serverName: String?
    package var clientCertificate: PEM?
    package var clientKey: PEM?

    package init(authority: PEM? = nil, skipsVerification: Bool = false) {
      self.authority = authority
      self.skipsVerification = skipsVerification
    }
  }

  package enum Authentication: Hashable, Sendable {
    case none
    case token(String)
    /// A file whose content is replaced from time to time; `token` serves when it cannot be read.
    case tokenFile(String, token: String? = nil)
    case basic(username: String, password: String)
    case exec(ExecPlugin)
  }

  /// As whom the API server is to treat the requests (`--as`).
  package struct Impersonation: Hashable, Sendable {
    package var user: String
    package var uid: String?
    package var groups: [String]
    package var extra: [String: [String]]

    package init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
      self.user = user
      self.uid = uid
      self.groups = groups
      self.extra = extra
    }
  }

  /// `https://host:port/path`; requests go below the path.
  package var server: String
  package var tls: TLS
  /// `http://`, `socks5://`; where nil, the environment's proxies hold.
  package var proxyURL: String?
  /// Where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are looked up.
  package var environment: [String: String] = [:]
  package var authentication: Authentication
  package var impersonation: Impersonation?
  /// The namespace of commands that name none.
  package var namespace: String
  /// The kubeconfig's context, cluster and user that this came from.
  package var contextName: String?
  package var clusterName: String?
  package var userName: String?
  /// How long one request may take in all, watches excepted; a minute when nil, as API servers allow.
  package var requestTimeout: Duration?
  package var userAgent = "prepull"

  package init(
    server: String, tls: TLS = TLS(), authentication: Authentication = .none, namespace: String = "default",
    requestTimeout: Duration? = nil
  ) {
    self.server = server
    self.tls = tls
    self.authentication = authentication
    self.namespace = namespace
    self.requestTimeout = requestTimeout
  }
}

extension ClusterConfiguration {
  /// What the user's options say, named as kubectl names them.
  package struct Overrides: Sendable {
    package var kubeconfig: String?
    package var context: String?
    package var cluster: String?
    package var user: String?
    package var namespace: String?
    package var server: String?
    package var token: String?
    package var `as`: String?
    package var asUID: String?
    package var asGroups: [String] = []
    package var certificateAuthority: String?
    package var insecureSkipTLSVerify = false
    package var tlsServerName: String?
    package var requestTimeout: Duration?

    package init() {}
  }
}

// What would show a secret when it is printed by accident shows what it is instead.

extension ClusterConfiguration.PEM: CustomStringConvertible {
  package var description: String {
    switch self {
    case .text: "PEM text"
    case .file(let path): path
    }
  }
}

extension ClusterConfiguration.Authentication: CustomStringConvertible {
  package var description: String {
    switch self {
    case .none: "none"
    case .token: "token"
    case .tokenFile(let path, _): "token file \(path)"
    case .basic(let username, _): "password of \(username)"
    case .exec(let plugin): "exec plugin \(plugin.command)"
    }
  }
}
