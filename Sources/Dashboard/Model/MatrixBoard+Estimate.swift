import Checking
package import Documents
import Kubernetes
import Warming

/// What the sliders of the page say.
package struct EstimateQuestion: Hashable, Sendable {
  /// Where nodes get layers from: the registry itself, a pull-through cache, or each other first.
  package enum Source: String, Sendable { case registry, cache, p2p }

  /// All images on nodes that hold nothing, instead of what is cold now.
  package var isAll = false
  package var parallelism = 20
  /// Nodes that pull first; 0: all begin at once.
  package var seeds = 0
  package var source = Source.registry
  /// Bytes a second, as in `PullModel`.
  package var nodeBandwidth = 125_000_000.0
  package var registryBandwidth: Double?
  package var unpackBandwidth: Double?

  package init() {}
}

extension MatrixBoard {
  /// How long it takes by the model of `prepull check`, and what holds it.
  package func estimate(_ question: EstimateQuestion) -> JSON {
    let sizes = sizes
    var unknown: Set<Int> = []
    var loads: [[PullLoad]] = []
    let cold: Set<UInt8> = Set([Coverage.State.pending, .pulling, .failed, .stale].map(\.code))
    for name in rows.keys.sorted() {
      let cells = rows[name]?.cells ?? []
      var load: [PullLoad] = []
      for (index, code) in cells.enumerated()
      where question.isAll ? code != MatrixRow.nothing && code != Coverage.State.unsupported.code : cold.contains(code)
      {
        if sizes[index] == nil { unknown.insert(index) }
        let bytes = sizes[index] ?? 0
        // Layers of most images unpack to between two and three times their size.
        load.append(PullLoad(bytes: bytes, unpackedBytes: bytes * 5 / 2))
      }
      if !load.isEmpty { loads.append(load) }
    }
    var model = PullModel(nodeBandwidth: question.nodeBandwidth, registryBandwidth: question.registryBandwidth)
    model.unpackBandwidth = question.unpackBandwidth
    switch question.source {
    case .registry: model.source = .registry
    case .cache: model.source = .cache(bandwidth: nil)
    case .p2p: model.source = .mirror
    }
    let own = model.estimate(loads, parallelism: question.parallelism, seeds: question.seeds)
    let best = model.seedEstimates(loads, parallelism: question.parallelism).bestSeeds
    return [
      "nodes": .integer(Int64(loads.count)),
      "bytes": .integer(loads.reduce(0) { $1.reduce($0) { $0 + $1.bytes } }), "unknown": .integer(Int64(unknown.count)),
      "seconds": .number(own.duration / .seconds(1)), "bound": .string(own.bound.rawValue),
      "registryBytes": .integer(own.registryBytes),
      "bestSeeds": question.source == .registry
        ? .null
        : best.map { ["seeds": .integer(Int64($0.seeds)), "seconds": .number($0.duration / .seconds(1))] } ?? .null,
      "curve": .array(
        model.estimates(loads).map {
          [
            "parallelism": .integer(Int64($0.parallelism)), "seconds": .number($0.duration / .seconds(1)),
            "bound": .string($0.bound.rawValue),
          ]
        }),
      "limits": .array(
        model.limits(loads).map {
          ["bound": .string($0.bound.rawValue), "seconds": .number($0.duration / .seconds(1))]
        }),
    ]
  }

  /// By column: as the operator resolved it, else as kubelets list it.
  private var sizes: [Int: Int64] {
    var sizes: [Int: Int64] = [:]
    for (index, column) in columns.columns.enumerated() { sizes[index] = column.bytes }
    guard sizes.count < columns.columns.count else { return sizes }
    // The nodes of a cluster hold much the same.
    for node in nodes.objects.values.prefix(60) {
      for image in node.status?.images ?? [] {
        for name in image.names ?? [] {
          if let index = columns.place(of: name), sizes[index] == nil { sizes[index] = image.sizeBytes }
        }
      }
    }
    return sizes
  }
}
