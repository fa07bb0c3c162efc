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
    var path = url.path()
    while path.hasSuffix("/") { path.removeLast() }
    self.path = path.isEmpty ? "/v2" : path
  }
}

extension RegistryMirror: CustomStringConvertible {
  package var description: String { (scheme.map { $0 + "://" } ?? "") + "\(address)" + (path == "/v2" ? "" : path) }
}
