import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The API server's address, taken apart.
struct ServerAddress: Hashable, Sendable {
  let isTLS: Bool
  /// Without the brackets of an IPv6 address.
  let host: String
  let port: Int
  /// What stands before every path, without a slash at its end: `/k8s/clusters/c-1` behind Rancher.
  let prefix: String

  init(_ configuration: ClusterConfiguration) throws(ConfigurationError) {
    let server = configuration.server
    let usesTLS = configuration.tls != ClusterConfiguration.TLS()
    let text = server.contains("://") ? server : (usesTLS ? "https://" : "http://") + server
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), scheme == "https" || scheme == "http",
      let host = url.host(), !host.isEmpty
    else {
      throw ConfigurationError(
        .badServer, "'\(ForeignText.clean(server, limit: 100))' is no address of an API server",
        remedy: "Write it as https://host:port.")
    }
    isTLS = scheme == "https"
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    port = url.port ?? (isTLS ? 443 : 80)
    var path = url.path(percentEncoded: true)
    while path.hasSuffix("/") { path.removeLast() }
    prefix = path
  }

  /// Host and port as they are shown to people, and sent as `Host`.
  var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  /// The address of a path; `name` stands for the host where the certificate has another.
  func url(_ target: String, name: String?) -> String {
    "\(isTLS ? "https" : "http")://\(name.map { "\($0):\(port)" } ?? authority)\(prefix)\(target)"
  }
}
