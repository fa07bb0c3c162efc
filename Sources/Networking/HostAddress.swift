#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// A host and perhaps a port, as registries, mirrors and proxy rules are written: `localhost:5000`, `[::1]`.
package struct HostAddress: Hashable, Sendable {
  /// In lower case, without the brackets of an IPv6 address.
  package let host: String
  package let port: Int?

  package init(host: String, port: Int?) {
    self.host = host.lowercased()
    self.port = port
  }

  package init?(_ text: String) {
    var host = text[...]
    var port: Int?
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]"),
      text.hasPrefix("[") || text.firstIndex(of: ":") == colon
    {
      guard let number = Int(text[text.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
      port = number
      host = text[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, !host.contains("/") else { return nil }
    self.init(host: String(host), port: port)
  }

  /// The host and the port that the URL names; the port is `nil` where it is left to the scheme.
  package init?(_ url: URL) {
    guard let host = url.host(), !host.isEmpty else { return nil }
    self.init(host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port: url.port)
  }

  package var address: IPAddress? { IPAddress(host) }
  package var isLoopback: Bool { host == "localhost" || address?.isLoopback ?? false }
}

extension HostAddress: CustomStringConvertible {
  package var description: String {
    (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
  }
}
