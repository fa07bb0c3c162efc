package import Networking

/// How registries are reached.
package struct RegistryConfiguration: Sendable {
  /// Hosts (`host` or `host:port`) that may be asked over plain HTTP, besides the loopback host.
  package var plainHTTP: Set<String> = []
  /// Hosts (`host` or `host:port`) whose certificate is not checked.
  package var skipTLSVerify: Set<String> = []
  /// PEM files of authorities to trust besides the system's.
  package var caFiles: [String] = []
  /// Mirrors by registry (`docker.io`), asked in order before the registry itself; `*` is for all other registries.
  package var mirrors: [String: [RegistryMirror]] = [:]
  /// What is known of a registry's hosts beyond that, by registry; it takes the place of `mirrors`.
  package var hosts: [String: RegistryHosts] = [:]
  package var proxy = ProxySettings.none
  package var retry = RetryPolicy(attempts: 5)
  /// The longest `Retry-After` that is waited for; a longer one ends the attempt, and the error tells how long.
  package var longestWait: Duration = .seconds(120)
  package var connectTimeout: Duration = .seconds(10)
  /// How long a registry may be silent, before its answer or amid a body.
  package var idleTimeout: Duration = .seconds(30)
  package var userAgent: String
  package var clock = SystemClock.system

  package init(userAgent: String = "prepull") {
    self.userAgent = userAgent
  }

  /// The configuration that the environment asks for: proxies, and `SSL_CERT_FILE` as a further authority.
  package static func fromEnvironment(
    _ environment: [String: String], userAgent: String = "prepull"
  ) throws(RegistryError) -> RegistryConfiguration {
    var configuration = RegistryConfiguration(userAgent: userAgent)
    do {
      configuration.proxy = try ProxySettings(environment: environment)
    } catch {
      throw RegistryError(
        RegistryProblem(
          .proxy, "it names no proxy that can be used", remedy: "Set \(error.variable) to http://host:port."),
        operation: "use the variable", subject: error.variable)
    }
    if let file = environment["SSL_CERT_FILE"], !file.isEmpty { configuration.caFiles = [file] }
    return configuration
  }

  /// Whether plain HTTP may be spoken with `address`.
  func allowsPlainHTTP(_ address: HostAddress) -> Bool {
    address.isLoopback || Self.names(plainHTTP, address)
      || mirrors.values.joined().contains { $0.scheme == "http" && $0.address == address }
      || hosts.values.contains { hosts in
        (hosts.mirrors + [hosts.server].compactMap(\.self)).contains { $0.scheme == "http" && $0.address == address }
      }
  }

  func skipsVerification(_ address: HostAddress) -> Bool { Self.names(skipTLSVerify, address) }

  private static func names(_ hosts: Set<String>, _ address: HostAddress) -> Bool {
    hosts.contains { name in
      guard let named = HostAddress(name) else { return false }
      return named.host == address.host && (named.port == nil || named.port == address.port)
    }
  }
}
