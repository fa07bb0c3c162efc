import Networking

/// The proxy on the way to an API server: the kubeconfig's `proxy-url`, or the environment's by the rules of Go.
enum Proxy {
  /// The proxy to take to `address`, nil to go there directly.
  static func choose(
    for address: ServerAddress, _ configuration: ClusterConfiguration
  ) throws(ConfigurationError) -> ProxyAddress? {
    if let text = configuration.proxyURL {
      guard let proxy = ProxyAddress(parsing: text) else { throw unusable("proxy-url") }
      return proxy
    }
    let host = HostAddress(host: address.host, port: address.port)
    guard !host.isLoopback else { return nil }
    do {
      return try ProxySettings(environment: configuration.environment)
        .server(scheme: address.isTLS ? "https" : "http", to: host)
    } catch {
      throw unusable(error.variable)
    }
  }

  private static func unusable(_ source: String) -> ConfigurationError {
    ConfigurationError(
      .badProxy, "\(source) names no proxy that can be used", remedy: "Write http://host:port or socks5://host:port.")
  }
}
