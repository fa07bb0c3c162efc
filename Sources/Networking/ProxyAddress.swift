package import AsyncHTTPClient

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A proxy: `[http|socks5://][user:password@]host[:port]`. Both schemes are tunnelled with CONNECT through an HTTP proxy.
package struct ProxyAddress: Hashable, Sendable {
  package enum Kind: String, Sendable { case http, socks5, socks5h }

  package let kind: Kind
  /// With a port.
  package let address: HostAddress
  package let username: String?
  package let password: String?

  /// Nil when the text names no proxy that can be used. It may hold a password, so errors must not show it.
  package init?(parsing text: String) {
    guard let url = URL(string: text.contains("://") ? text : "http://" + text),
      let kind = Kind(rawValue: url.scheme?.lowercased() ?? ""), let address = HostAddress(url)
    else { return nil }
    self.kind = kind
    self.address = HostAddress(host: address.host, port: address.port ?? (kind == .http ? 80 : 1080))
    username = url.user(percentEncoded: false)
    password = url.password(percentEncoded: false)
  }

  /// The same for the HTTP client.
  package var server: HTTPClient.Configuration.Proxy {
    let port = address.port ?? 80
    guard kind == .http else { return .socksServer(host: address.host, port: port) }
    let login = username.map { HTTPClient.Authorization.basic(username: $0, password: password ?? "") }
    return .server(host: address.host, port: port, authorization: login)
  }
}

extension ProxyAddress: CustomStringConvertible {
  /// Without user and password.
  package var description: String { "\(kind.rawValue)://\(address)" }
}
