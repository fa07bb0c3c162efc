/// The proxies of the environment, under the rules that Go's programs keep, and so kubelets and runtimes.
///
/// `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower case. The loopback host is never proxied.
package struct ProxySettings: Hashable, Sendable {
  /// A variable names no proxy that can be used. Its text is not kept, as it may hold a password.
  package struct Unusable: Error, Hashable, Sendable {
    package let variable: String
  }

  private var http: ProxyAddress?
  private var https: ProxyAddress?
  private var exceptions: [Exception] = []

  package static let none = ProxySettings()

  private init() {}

  package init(environment: [String: String]) throws(Unusable) {
    func value(_ name: String) -> (name: String, text: String)? {
      for name in [name, name.lowercased()] {
        if let text = environment[name], !text.isEmpty { return (name, text) }
      }
      return nil
    }
    func proxy(_ name: String) throws(Unusable) -> ProxyAddress? {
      guard let (name, text) = value(name) else { return nil }
      guard let proxy = ProxyAddress(parsing: text) else { throw Unusable(variable: name) }
      return proxy
    }
    http = try proxy("HTTP_PROXY")
    https = try proxy("HTTPS_PROXY")
    let list = value("NO_PROXY")?.text.split(separator: ",") ?? []
    exceptions = list.compactMap { Exception($0.filter { !$0.isWhitespace }.lowercased()) }
  }

  /// The proxy to take to a host, or `nil` to go there directly.
  package func server(scheme: String, to address: HostAddress) -> ProxyAddress? {
    guard let server = scheme == "https" ? https : http, !address.isLoopback else { return nil }
    let port = address.port ?? (scheme == "https" ? 443 : 80)
    return exceptions.contains { $0.covers(HostAddress(host: address.host, port: port)) } ? nil : server
  }

  /// An entry of `NO_PROXY`.
  private enum Exception: Hashable, Sendable {
    case everything
    case network(IPAddress, prefix: Int)
    /// A host alone, a domain (`.example.com`: only what is in it), or both (`example.com`).
    case host(suffix: String, itself: Bool, port: Int?)

    init?(_ text: String) {
      if text == "*" {
        self = .everything
        return
      }
      if let slash = text.firstIndex(of: "/") {
        guard let network = IPAddress(String(text[..<slash])), let prefix = Int(text[text.index(after: slash)...])
        else { return nil }
        self = .network(network, prefix: prefix)
        return
      }
      guard let address = HostAddress(text) else { return nil }
      let name = address.host.hasPrefix("*.") ? String(address.host.dropFirst()) : address.host
      let isDomain = name.hasPrefix(".")
      self = .host(suffix: isDomain ? name : "." + name, itself: !isDomain, port: address.port)
    }

    func covers(_ address: HostAddress) -> Bool {
      switch self {
      case .everything: return true
      case .network(let network, let prefix): return address.address?.isIn(network, prefix: prefix) ?? false
      case .host(let suffix, let itself, let port):
        guard port == nil || port == address.port else { return false }
        if itself, address.host == suffix.dropFirst() { return true }
        if let own = address.address { return itself && own == IPAddress(String(suffix.dropFirst())) }
        return address.host.hasSuffix(suffix)
      }
    }
  }
}
