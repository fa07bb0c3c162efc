import ImageModel
import Kubernetes
import PrepullAPI
import Warming

/// What is known of images on nodes: by WarmNodes, and by the pods of DaemonSets that hold images.
///
/// Neither guesses: a kubelet started a container of the image there, or the node's runtime said that it has it.
struct WarmthBook: Sendable {
  enum Warmth: Hashable, Sendable {
    case warm
    case unsupported
    /// Why it is not there, in one line; nil where nobody wants it there.
    case cold(String?)
    /// It will be pulled when its Prepulls begin the node.
    case pending
    /// Nobody tries there, as it failed elsewhere, or the registry refuses it.
    case untried

    static let stale = cold("the node holds an older image of this tag")
  }

  /// False where the cluster has no such kind: the operator is not installed.
  var hasWarmNodes = true
  private var records: [String: (uid: String?, images: [Reference: Warmth])] = [:]
  private var kept: [String: [Reference: Warmth]] = [:]
  private var parsed: [String: Reference] = [:]

  /// Images that DaemonSets keep.
  private(set) var keptImages: Set<Reference> = []

  mutating func reference(_ text: String) -> Reference? {
    if let known = parsed[text] { return known }
    let reference = try? Reference(parsing: text)
    parsed[text] = reference
    return reference
  }

  mutating func put(_ node: WarmNode) {
    guard let name = node.metadata.name else { return }
    var images: [Reference: Warmth] = [:]
    for image in node.status?.images ?? [] {
      guard let reference = reference(image.image) else { continue }
      images[reference] = Warmth(image)
    }
    for held in node.status?.agent?.images ?? [] {
      // The agent hears at once what its runtime loses and gets; the record follows.
      guard let reference = reference(held.image) else { continue }
      switch held.state {
      case .warm: if images[reference] != .stale { images[reference] = .warm }
      default: images[reference] = .cold(held.message ?? held.reason ?? "\(held.state)".lowercased())
      }
    }
    records[name] = (node.status?.nodeUID, images)
  }

  mutating func remove(node: String) { records[node] = nil }

  mutating func put(kept items: [ClusterStatus.Item]) {
    kept = [:]
    keptImages = []
    for item in items where item.kind == .kept {
      for (row, text) in item.coverage.images.enumerated() {
        guard let reference = reference(text) else { continue }
        keptImages.insert(reference)
        for (column, node) in item.coverage.nodes.enumerated() {
          let warmth = Warmth(item.coverage[image: row, node: column])
          // Of several DaemonSets with the image the one counts that has it there.
          if kept[node]?[reference] != .warm { kept[node, default: [:]][reference] = warmth }
        }
      }
    }
  }

  /// - Parameter node: another one under the same name knows nothing of what the old one held.
  mutating func warmth(of image: String, on node: NodeFacts) -> Warmth {
    guard let reference = reference(image) else { return .cold("'\(image)' is no image reference") }
    let record = records[node.name].flatMap { $0.uid == nil || $0.uid == node.uid ? $0.images[reference] : nil }
    let held = kept[node.name]?[reference]
    if record == .warm || held == .warm { return .warm }
    return record ?? held ?? .cold(nil)
  }
}

extension WarmthBook.Warmth {
  fileprivate init(_ image: WarmNode.Image) {
    switch image.state {
    case .warm: self = .warm
    case .unsupported: self = .unsupported
    case .stale: self = .stale
    case .pending: self = image.failures?.first.map { .cold($0.message) } ?? .pending
    case .failed: self = image.failures?.first.map { .cold($0.message) } ?? .untried
    }
  }

  fileprivate init(_ cell: Coverage.Cell) {
    switch cell {
    case .warm: self = .warm
    case .unsupported: self = .unsupported
    case .stale: self = .stale
    case .pulling: self = .cold("it is being pulled")
    case .pending: self = .cold(WaitReasons.waits)
    case .failed(let failure): self = .cold(failure.detail)
    }
  }
}
