/// How a host wants to be talked to, beyond its address.
package struct HostAccess: Hashable, Sendable {
  /// PEM files; certificate and key may lie in one.
  package struct ClientCertificate: Hashable, Sendable {
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  package struct Header: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// PEM files of authorities to trust besides all others.
  package var caFiles: [String] = []
  package var clientCertificates: [ClientCertificate] = []
  package var skipsVerification = false
  /// Sent to this host only, wherever its redirects lead.
  package var headers: [Header] = []

  package init() {}

  /// What a connection depends on.
  var connection: HostAccess {
    var connection = self
    connection.headers = []
    return connection
  }
}

/// What a host may be asked, as containerd's `hosts.toml` calls it.
package struct HostCapabilities: OptionSet, Hashable, Sendable {
  package let rawValue: Int

  package init(rawValue: Int) { self.rawValue = rawValue }

  /// Content by its digest.
  package static let pull = HostCapabilities(rawValue: 1)
  /// Which digest a tag stands for.
  package static let resolve = HostCapabilities(rawValue: 2)
}

/// The hosts that serve the images of one registry, where the node was told of them.
package struct RegistryHosts: Hashable, Sendable {
  /// Asked in their order before the registry.
  package var mirrors: [RegistryMirror]
  /// In place of the registry's own host, where another one was named.
  package var server: RegistryMirror?
  /// Of the registry itself.
  package var access = HostAccess()
  package var capabilities: HostCapabilities = [.pull, .resolve]

  package init(mirrors: [RegistryMirror] = [], server: RegistryMirror? = nil) {
    self.mirrors = mirrors
    self.server = server
  }
}
