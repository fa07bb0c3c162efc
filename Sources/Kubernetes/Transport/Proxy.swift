import AsyncHTTPClient

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The proxy on the way to an API server: the kubeconfig's `proxy-url`, or the environment's by the rules of Go.
struct Proxy: Hashable, Sendable {
  enum Kind: String, Sendable { case http, socks5, socks5h }

  let kind: Kind
  let host: String
  let port: Int
  let username: String?
  let password: String?

  /// The proxy to take to `address`, nil to go there directly.
  static func choose(
    for address: ServerAddress, _ configuration: ClusterConfiguration
  ) throws(ConfigurationError) -> Proxy? {
    if let text = configuration.proxyURL { return try Proxy(text, from: "proxy-url") }
    let environment = configuration.environment
    func value(_ name: String) -> String? { environment[name].nonEmpty ?? environment[name.lowercased()].nonEmpty }
    let name = address.isTLS ? "HTTPS_PROXY" : "HTTP_PROXY"
    guard let text = value(name), !address.isLoopback else { return nil }
    let exceptions = value("NO_PROXY")?.split(separator: ",").map { $0.filter { !$0.isWhitespace }.lowercased() } ?? []
    return exceptions.contains { covers($0, address) } ? nil : try Proxy(text, from: name)
  }

  /// The error does not show the text, which may hold a password.
  private init(_ text: String, from source: String) throws(ConfigurationError) {
    guard let url = URL(string: text.contains("://") ? text : "http://" + text),
      let kind = Kind(rawValue: url.scheme?.lowercased() ?? ""), let host = url.host(), !host.isEmpty
    else {
      throw ConfigurationError(
        .badProxy, "\(source) names no proxy that can be used", remedy: "Write http://host:port or socks5://host:port.")
    }
    self.kind = kind
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    port = url.port ?? (kind == .http ? 80 : 1080)
    username = url.user(percentEncoded: false)
    password = url.password(percentEncoded: false)
  }

  /// Whether an entry of `NO_PROXY` stands for the address: `*`, a network, a host, a domain (`.example.com` only what
  /// is in it), each perhaps with a port.
  private static func covers(_ entry: String, _ address: ServerAddress) -> Bool {
    if entry == "*" { return true }
    let own = IPAddress(address.host)
    if let slash = entry.firstIndex(of: "/") {
      guard let network = IPAddress(String(entry[..<slash])), let length = Int(entry[entry.index(after: slash)...])
      else { return false }
      return own?.isIn(network, prefix: length) ?? false
    }
    var name = entry[...]
    if let colon = entry.lastIndex(of: ":"), entry.firstIndex(of: ":") == colon || entry.hasPrefix("["),
      !entry[colon...].contains("]")
    {
      guard Int(entry[entry.index(after: colon)...]) == address.port else { return false }
      name = entry[..<colon]
    }
    if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
    if name.hasPrefix("*.") { name = name.dropFirst() }
    if let own { return own == IPAddress(String(name)) }
    let host = address.host.lowercased()
    return name.hasPrefix(".") ? host.hasSuffix(name) : host == name || host.hasSuffix("." + name)
  }

  var server: HTTPClient.Configuration.Proxy {
    guard kind == .http else { return .socksServer(host: host, port: port) }
    let login = username.map { HTTPClient.Authorization.basic(username: $0, password: password ?? "") }
    return .server(host: host, port: port, authorization: login)
  }
}
