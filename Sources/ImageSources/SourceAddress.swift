package import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The address of a server that is asked for images: `http://prometheus.monitoring.svc:9090/base`.
package struct SourceAddress: Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with a text that is no such address.
  package struct Unusable: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// `http` or `https`.
  package let scheme: String
  package let host: HostAddress
  /// In front of the API's own path; empty or with a slash at its beginning and none at its end.
  package let path: String

  package init(parsing text: String) throws(Unusable) {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
      let host = HostAddress(url)
    else { throw Unusable(description: "is no address; write for example http://prometheus.monitoring.svc:9090") }
    guard url.user() == nil, url.password() == nil else {
      throw Unusable(
        description: "holds a user or a password; a login stands in a Secret (secretRef), or in the folder of "
          + "--source-secret")
    }
    guard url.query() == nil, url.fragment() == nil else {
      throw Unusable(description: "has a query or a fragment; write it without, the API's path is added")
    }
    self.init(scheme: scheme, host: host, path: url.path(percentEncoded: true))
  }

  private init(scheme: String, host: HostAddress, path: String) {
    self.scheme = scheme
    self.host = host
    var path = path
    while path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  /// With the port that the scheme stands for where none is named.
  package var port: Int { host.port ?? (scheme == "https" ? 443 : 80) }

  /// Host and port as written.
  package var authority: String { host.description }

  package var text: String { "\(scheme)://\(host)\(path)" }

  package var description: String { text }

  /// Where another address lies, as a redirect names it, if that is the same server: nil where scheme, host or port
  /// differ.
  func staysWith(_ url: URL) -> Bool {
    guard let other = HostAddress(url), url.scheme?.lowercased() == scheme, url.user() == nil else { return false }
    return other.host == host.host && (other.port ?? (scheme == "https" ? 443 : 80)) == port
  }
}

/// The servers that sources of Prepulls may ask: whoever installs the operator names them. None unless named.
package struct AllowedSources: Hashable, Sendable {
  private var hosts: [HostAddress] = []

  package init() {}

  /// - Parameter texts: `HOST`, for all of its ports, or `HOST:PORT`.
  /// - Throws: the text that is no host.
  package init(parsing texts: [String]) throws(SourceAddress.Unusable) {
    for text in texts {
      guard !text.contains("://"), !text.contains("@"), let host = HostAddress(text), host.isNameOrAddress
      else {
        throw SourceAddress.Unusable(
          description: "'\(text)' is no host: write HOST or HOST:PORT, without scheme, path and wildcards")
      }
      hosts.append(host)
    }
  }

  package func allows(_ address: SourceAddress) -> Bool {
    hosts.contains { $0.host == address.host.host && ($0.port == nil || $0.port == address.port) }
  }
}

extension HostAddress {
  /// Whether it is an address, or a name that DNS can have.
  fileprivate var isNameOrAddress: Bool {
    // A dot at the end says that a name is whole.
    let name = host.hasSuffix(".") ? host.dropLast() : host[...]
    return address != nil
      || name.utf8.count <= 253 && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(Self.isLabel)
  }

  private static func isLabel(_ text: Substring) -> Bool {
    (1...63).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
      && text.utf8.allSatisfy {
        (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || [0x2d, 0x5f].contains($0)
      }
  }
}
