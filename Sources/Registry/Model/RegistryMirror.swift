import Documents
import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A registry that is asked before another one, which it stands in for.
package struct RegistryMirror: Hashable, Sendable {
  /// `nil`: https, or what a loopback host turns out to speak.
  let scheme: String?
  let address: HostAddress
  /// Where the registry's API begins; `/v2` unless the mirror says otherwise.
  let path: String
  package var access = HostAccess()
  package var capabilities: HostCapabilities = [.pull, .resolve]

  /// Parses `host[:port]`, `http[s]://host[:port]`, or a URL with the path of the API (`https://host/v2/proxy`).
  ///
  /// A mirror that is written with `http://` is asked over plain HTTP.
  package init(parsing text: String) throws(RegistryError) {
    let hasScheme = text.contains("://")
    guard let url = URL(string: hasScheme ? text : "//" + text), let address = HostAddress(url),
      ["http", "https", nil].contains(url.scheme), url.query == nil, url.user == nil
    else {
      throw RegistryError(
        RegistryProblem(.fault, "it is no registry", remedy: "Write host:port or https://host:port."),
        operation: "use the mirror", subject: "'\(ForeignText.clean(text))'")
    }
    self.scheme = url.scheme
    self.address = address
    let path = url.pathWithoutEnd
    self.path = path.isEmpty ? "/v2" : path
  }

  /// A host of a `hosts.toml`: https unless it says otherwise, and the API lies in `/v2` of its path.
  ///
  /// - Parameter overridesPath: whether the path is that of the API.
  package init(host text: String, overridesPath: Bool) throws(RegistryError) {
    let mirror = try RegistryMirror(parsing: text.contains("://") ? text : "https://" + text)
    let path = URL(string: text.contains("://") ? text : "https://" + text)?.pathWithoutEnd ?? ""
    scheme = mirror.scheme
    address = mirror.address
    self.path = overridesPath || path.hasSuffix("/v2") ? path : path + "/v2"
  }
}

extension RegistryMirror: CustomStringConvertible {
  package var description: String { (scheme.map { $0 + "://" } ?? "") + "\(address)" + (path == "/v2" ? "" : path) }
}

extension URL {
  fileprivate var pathWithoutEnd: String {
    var path = path()
    while path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
