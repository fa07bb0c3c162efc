package import ImageModel

/// Nodes x images, and how each stands.
package struct Coverage: Codable, Hashable, Sendable {
  /// How one image stands on one node.
  package enum Cell: Hashable, Sendable {
    /// The node has it; the digest is the one that its runtime states, where it states one.
    case warm(Digest?)
    /// The node has another digest than the reference resolves to now.
    case stale(Digest)
    case pulling
    case pending
    case failed(WarmFailure)
    /// The image has nothing for this node's platform, or the node cannot be warmed at all; why.
    case unsupported(String)

    package var state: State {
      switch self {
      case .warm: .warm
      case .stale: .stale
      case .pulling: .pulling
      case .pending: .pending
      case .failed: .failed
      case .unsupported: .unsupported
      }
    }

    /// Whether nothing will change any more by itself.
    package var isSettled: Bool { state != .pulling && state != .pending }
  }

  package enum State: String, CaseIterable, Codable, Hashable, Sendable {
    case warm, stale, pulling, pending, failed, unsupported
  }

  /// How many cells are in each state.
  package struct Counts: Hashable, Sendable {
    private var counts: [State: Int] = [:]

    package init() {}

    package subscript(state: State) -> Int { counts[state] ?? 0 }
    package var total: Int { counts.values.reduce(0, +) }
    /// Those that can be warm at all.
    package var wanted: Int { total - self[.unsupported] }
    package var isWarm: Bool { self[.warm] == wanted }

    package mutating func count(_ state: State) { counts[state, default: 0] += 1 }
  }

  /// The references as the user wrote them, in that order; the rows.
  package private(set) var images: [String]
  /// The names of the nodes; the columns.
  package private(set) var nodes: [String]
  /// By node, then by image: a node comes and goes as a whole.
  private var columns: [[Cell]]

  package init(images: [String], nodes: [String] = []) {
    self.images = images
    self.nodes = nodes
    columns = nodes.map { _ in [Cell](repeating: .pending, count: images.count) }
  }

  package subscript(image image: Int, node node: Int) -> Cell {
    get { columns[node][image] }
    set { columns[node][image] = newValue }
  }

  /// All images on one node, in their order.
  package func column(_ node: Int) -> [Cell] { columns[node] }

  /// One image on all nodes.
  package func row(_ image: Int) -> [Cell] { columns.map { $0[image] } }

  package mutating func append(node: String, cells: [Cell]) {
    precondition(cells.count == images.count, "a column has a cell for each image")
    nodes.append(node)
    columns.append(cells)
  }

  package mutating func remove(node name: String) {
    guard let index = nodes.firstIndex(of: name) else { return }
    nodes.remove(at: index)
    columns.remove(at: index)
  }

  package func counts(image: Int) -> Counts {
    columns.reduce(into: Counts()) { $0.count($1[image].state) }
  }

  package func counts(node: Int) -> Counts {
    columns[node].reduce(into: Counts()) { $0.count($1.state) }
  }

  package var counts: Counts {
    columns.reduce(into: Counts()) { counts, column in column.forEach { counts.count($0.state) } }
  }

  /// Nodes that can hold an image at all; the others are neither warm nor cold.
  private var ableNodes: [Counts] { nodes.indices.map { counts(node: $0) }.filter { $0.wanted > 0 } }
  package var ableNodeCount: Int { ableNodes.count }

  /// Nodes that hold every image that they can hold.
  package var warmNodes: Int { ableNodes.count { $0.isWarm } }

  /// Whether every node holds every image that it can hold.
  package var isWarm: Bool { counts.isWarm }

  /// Indices of the images that no node can hold.
  package var homelessImages: [Int] { images.indices.filter { counts(image: $0).wanted == 0 } }

  /// The digests that nodes hold of an image, with their number, the most frequent first. More than one for a tag means
  /// that nodes would run different things.
  package func digests(image: Int) -> [(digest: Digest, nodes: Int)] {
    var counts: [Digest: Int] = [:]
    for column in columns {
      switch column[image] {
      case .warm(let digest?), .stale(let digest): counts[digest, default: 0] += 1
      default: break
      }
    }
    return counts.sorted { ($1.value, $0.key.encoded) < ($0.value, $1.key.encoded) }.map { ($0.key, $0.value) }
  }
}
