/// What requests are counted by.
package struct RequestKey: Hashable, Sendable, CustomStringConvertible {
  /// `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `deletecollection`.
  package let verb: String
  /// `pods`, `daemonsets.apps`.
  package let resource: String
  package let subresource: String?
  /// The user agent up to its first slash: `prepull`, `kubectl`.
  package let client: String

  package init(verb: String, resource: String, subresource: String? = nil, client: String = "") {
    self.verb = verb
    self.resource = resource
    self.subresource = subresource
    self.client = client
  }

  package var isWrite: Bool { !["get", "list", "watch"].contains(verb) }

  package var description: String { "\(client) \(verb) \(resource)\(subresource.map { "/\($0)" } ?? "")" }
}
