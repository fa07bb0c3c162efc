import Warming
import Kubernetes

/// The names of a Prepull's objects: the same for the same work, so that a controller that wants what is there
/// already adopts it.
struct PullerNames: Hashable, Sendable {
  private let id: PrepullID

  init(_ id: PrepullID) { self.id = id }

  var configMap: String { "\(Self.short("prepull-\(id.name)"))-\(ShortHash(id.uid).text(5))" }

  func pod(node: String, nodeUID: String) -> String {
    "\(Self.short(id.name))-\(ShortHash(id.uid, node, nodeUID).text(10))"
  }

  /// Leaves room for a hash in the 63 characters of a host name.
  private static func short(_ name: String) -> String { NamingRule.label(from: name, limit: 50) ?? "prepull" }
}
