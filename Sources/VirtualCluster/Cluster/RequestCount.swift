import KubeAPIServer

/// How often a client has asked the API server of a sandbox for one thing.
package struct RequestCount: Sendable, Hashable {
  /// The user agent up to its first slash: `prepull`, `kubectl`.
  package let client: String
  /// `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `deletecollection`.
  package let verb: String
  /// `pods`, `daemonsets.apps/status`.
  package let resource: String
  package let count: Int
}

extension Sandbox {
  /// Where its API server is: `https://127.0.0.1:PORT`.
  package var address: String { server.address }

  /// What the API server was asked for, and by whom, in no order.
  package var requestCounts: [RequestCount] {
    server.requestCounts.map { key, count in
      RequestCount(
        client: key.client, verb: key.verb, resource: key.resource + (key.subresource.map { "/\($0)" } ?? ""),
        count: count)
    }
  }
}
