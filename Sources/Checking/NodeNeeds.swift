import Kubernetes
package import ImageModel

/// What each node has still to fetch, as far as it tells: the images one after the other, a layer that two of them share
/// once.
///
/// An upper bound: layers of images that the node does not report, or whose manifests are not known here, may be there.
package struct NodeNeeds: Hashable, Sendable {
  package struct Need: Hashable, Sendable {
    /// For each image that the node lacks, in their order.
    package var loads: [PullLoad] = []
    /// Indices of these images.
    package var missing: [Int] = []
    /// Indices of the images that the node reports.
    package var present: [Int] = []
    /// Indices of the images whose tag the node holds at another digest.
    package var old: [Int] = []
    package var unpacked = UnpackedSize.zero
    /// No unpacked layer is smaller than the packed one, so this is sure where `unpacked` is not. Bytes.
    package var leastUnpacked: Int64 = 0

    package var bytes: Int64 { loads.reduce(0) { $0 + $1.bytes } }

    package init() {}
  }

  /// Each need that any node has, once: most nodes are like others.
  package let kinds: [Need]
  /// The index in `kinds` of each node of `NodeSurvey.wanted`.
  package let kindOfNode: [Int]
  /// How many nodes are of each kind.
  package let counts: [Int]

  /// By the place of the node in `NodeSurvey.wanted`.
  package var needs: [Need] { kindOfNode.map { kinds[$0] } }

  /// - Parameters:
  ///   - images: nil where an image could not be inspected; it then counts nowhere.
  ///   - places: names of the nodes that each image is for; nil for all.
  ///   - relatives: manifests of other images of the same repositories that nodes report, by the digest under which
  ///     they do, for the layers in them.
  package init(
    of nodes: [NodeSurvey.Node], images: [(reference: Reference, image: InspectedImage?)],
    places: [Set<String>?] = [], relatives: [Digest: InspectedImage] = [:]
  ) {
    struct Kind: Hashable {
      let others: Set<Int>
      let platform: Platform
      let held: Set<NodeSurvey.Held>
    }
    var known: [Kind: Int] = [:]
    var kinds: [Need] = []
    kindOfNode = nodes.map { node in
      let others = places.indices.filter { places[$0]?.contains(node.facts.name) == false }
      let kind = Kind(others: Set(others), platform: node.facts.platform, held: Set(node.held))
      if let place = known[kind] { return place }
      kinds.append(Self.need(kind.platform, node.held, images, relatives, without: kind.others))
      known[kind] = kinds.count - 1
      return kinds.count - 1
    }
    self.kinds = kinds
    counts = kindOfNode.reduce(into: Array(repeating: 0, count: kinds.count)) { $0[$1] += 1 }
  }

  /// Of nodes that hold nothing.
  package init(cold count: Int, _ platform: Platform, images: [InspectedImage?]) {
    let named = images.map { (reference: Reference(registry: "", repository: "", tag: nil, digest: nil), image: $0) }
    kinds = [Self.need(platform, [], named, [:])]
    kindOfNode = Array(repeating: 0, count: max(0, count))
    counts = [kindOfNode.count]
  }

  /// Of the nodes that any of the images is for: no pod pulls on others, and they have nothing to give to their neighbours.
  package var loads: [[PullLoad]] {
    kindOfNode.map { kinds[$0] }.filter { !$0.missing.isEmpty || !$0.present.isEmpty }.map(\.loads)
  }
  package var bytes: Int64 { zip(kinds, counts).reduce(0) { $0 + $1.0.bytes * Int64($1.1) } }

  private static func need(
    _ platform: Platform, _ held: [NodeSurvey.Held], _ images: [(reference: Reference, image: InspectedImage?)],
    _ relatives: [Digest: InspectedImage], without others: Set<Int> = []
  ) -> Need {
    var need = Need()
    let digests = Set(held.flatMap(\.digests))
    var layers: Set<Digest> = []
    for image in images.compactMap(\.image) + relatives.values where !digests.isDisjoint(with: image.digests) {
      layers.formUnion(image.variants[platform]?.layers.map(\.descriptor.digest) ?? [])
    }
    for (index, (reference, image)) in images.enumerated() where !others.contains(index) {
      guard let image, let variant = image.variants[platform] else { continue }
      switch state(of: reference, image, held) {
      case .present:
        need.present.append(index)
        continue
      case .old: need.old.append(index)
      case .absent: break
      }
      var load = PullLoad(bytes: variant.config.size)
      for layer in variant.layers where layers.insert(layer.descriptor.digest).inserted {
        load.bytes += layer.descriptor.size
        load.unpackedBytes += layer.unpacked.bytes
        load.layers += 1
        need.unpacked = need.unpacked + layer.unpacked
        need.leastUnpacked += layer.unpacked.isKnown ? layer.unpacked.bytes : layer.descriptor.size
      }
      need.missing.append(index)
      need.loads.append(load)
    }
    return need
  }

  private enum State { case present, old, absent }

  /// What a node's report says of a reference: the same digest is the image, whatever its tags.
  private static func state(of reference: Reference, _ image: InspectedImage, _ held: [NodeSurvey.Held]) -> State {
    let own = held.filter { $0.repository == reference.name }
    if own.contains(where: { !$0.digests.isDisjoint(with: image.digests) }) { return .present }
    guard reference.digest == nil, let tag = reference.tag, let tagged = own.first(where: { $0.tags.contains(tag) })
    else { return .absent }
    // A tag without digest was loaded by hand: the kubelet takes it.
    return tagged.digests.isEmpty ? .present : .old
  }
}
