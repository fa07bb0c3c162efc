/// What pulls have to pass through, and how wide it is.
///
/// The defaults are what `prepull run` was measured to need beside the bytes, with a registry that answers in 25 ms and
/// pods that take 450 ms until their first container; see `Benchmarks/README.md`.
package struct PullModel: Hashable, Sendable {
  /// Of each node, in bytes a second.
  package var nodeBandwidth: Double
  /// That all nodes share, in bytes a second; nil for no limit.
  package var registryBandwidth: Double?
  /// What stands between nodes and the registry.
  package enum Source: Hashable, Sendable {
    case registry
    /// A pull-through cache, whose link all nodes share, in bytes a second; nil for no limit. What is asked for before
    /// the first node has it, it fetches for each that asks.
    case cache(bandwidth: Double?)
    /// Nodes serve each other what they hold, each over its own link.
    case mirror
  }

  package var source = Source.registry
  /// How fast a node unpacks, in uncompressed bytes a second; nil when it costs nothing worth counting.
  package var unpackBandwidth: Double?
  /// Of each layer beside its bytes: a snapshot of its own is made, and written down before the next.
  package var layerTime = Duration.zero
  /// Of each image before its first byte comes: the kubelet's, the runtime's and the registry's questions and answers.
  package var latency: Duration
  /// Of each node beside its pulls: until its pod runs, and until its end is seen and the next node's turn comes.
  package var turn: Duration
  /// Of the whole beside its nodes: the first object, and the clean-up at the end.
  package var frame: Duration

  package init(
    nodeBandwidth: Double, registryBandwidth: Double? = nil, unpackBandwidth: Double? = nil,
    latency: Duration = .milliseconds(100), turn: Duration = .milliseconds(500), frame: Duration = .milliseconds(200)
  ) {
    self.nodeBandwidth = nodeBandwidth
    self.registryBandwidth = registryBandwidth
    self.unpackBandwidth = unpackBandwidth
    self.latency = latency
    self.turn = turn
    self.frame = frame
  }
}

/// One image that a node has to pull. An image that the node has already is none.
package struct PullLoad: Hashable, Sendable {
  /// Compressed bytes of the layers that the node lacks.
  package var bytes: Int64
  /// The same, unpacked.
  package var unpackedBytes: Int64
  /// How many layers those are.
  package var layers: Int

  package init(bytes: Int64, unpackedBytes: Int64 = 0, layers: Int = 0) {
    self.bytes = bytes
    self.unpackedBytes = unpackedBytes
    self.layers = layers
  }
}
