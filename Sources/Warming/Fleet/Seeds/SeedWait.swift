package import ImageModel

/// Nodes that wait for seeds, and what for.
package struct SeedWait: Hashable, Sendable {
  /// Nodes that could begin, and wait.
  package var nodes: Int
  /// An image that they wait for.
  package var reference: String
  /// How it stands there: nodes that hold it, and that pull it.
  package var holders: Int
  package var pulling: Int
  /// Why it is not there, where its seeds failed.
  package var failure: WarmFailure?

  package init(nodes: Int, reference: String, holders: Int, pulling: Int, failure: WarmFailure? = nil) {
    self.nodes = nodes
    self.reference = reference
    self.holders = holders
    self.pulling = pulling
    self.failure = failure
  }

  /// `38 nodes wait for seeds: web:2.0 is on 2 nodes, and 4 pull it`.
  package var sentence: String { "\(nodes == 1 ? "1 node waits" : "\(nodes) nodes wait") for seeds: \(words)" }

  /// `web:2.0 is on 2 nodes, and 4 pull it`.
  package var words: String {
    func nodes(_ count: Int) -> String { count == 1 ? "1 node" : "\(count) nodes" }
    let pulls = pulling == 1 ? "1 pulls it" : "\(pulling) pull it"
    if holders > 0 { return "\(reference) is on \(nodes(holders)), and \(pulls)" }
    if pulling > 0 { return "\(nodes(pulling)) \(pulling == 1 ? "pulls" : "pull") \(reference) first" }
    return failure.map { "\(reference) failed there: \($0.detail)" } ?? "\(reference) is on no node yet"
  }
}
