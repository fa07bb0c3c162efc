import Warming
import Checking
import Commands
import Documents
import ImageModel
import Registry
import Terminal

/// How long it will take until the nodes hold the images.
struct CheckEstimate: Sendable {
  /// Where the width of the nodes' links comes from.
  enum Source: String, Sendable {
    case assumed, given, measured
    /// A probe was asked for and had too little to read.
    case unmeasured

    var words: String { self == .unmeasured ? "assumed: the layers are too small to measure by" : rawValue }

    /// With less, what connections need to come up to speed tells too much.
    static let enoughBytes: Int64 = 8_000_000
  }

  let model: PullModel
  let source: Source
  /// Read to measure; nil where nothing was measured.
  let measuredBytes: Int64?
  /// Whether the speed of unpacking is ours to assume, as nobody gave it.
  let isUnpackingAssumed: Bool
  let nodes: Int
  let images: Int
  /// Images that could not be looked at, and are not in the times.
  let uncounted: Int
  /// For several numbers of nodes at a time, fewest first.
  let times: [PullEstimate]
  let limits: [(bound: PullEstimate.Bound, duration: Duration)]
  /// Nil where nobody asked.
  var seeds: SeedAdvice?

  /// What most nodes of clouds and racks have at least.
  private static let assumedBandwidth = 125_000_000.0

  /// What containerd was measured to unpack on two cores, in unpacked bytes; see `Benchmarks/README.md`.
  ///
  /// A probe sees the link and nothing of the nodes' processors and disks: without this its estimates were 4 to 8 times
  /// too low wherever the link is faster than that.
  private static let assumedUnpacking = 110_000_000.0
  private static let assumedLayerTime = Duration.milliseconds(30)

  /// Nil where there are no nodes, known or imagined, or no images.
  static func make(
    of report: CheckReport, _ options: EstimateOptions, _ registry: RegistryClient
  ) async throws -> CheckEstimate? {
    var needs = report.needs
    if report.survey == nil, let count = options.nodeCount {
      needs = NodeNeeds(cold: count, report.platform, images: report.images.map(\.inspected))
    }
    let images = report.images.count { $0.inspected != nil }
    guard let loads = needs?.loads, !loads.isEmpty, images > 0 else { return nil }
    var model = PullModel(nodeBandwidth: assumedBandwidth)
    var source = Source.assumed
    var measuredBytes: Int64?
    if let given = options.nodeBandwidth {
      (model.nodeBandwidth, source) = (Double(given.bytes), .given)
    } else if options.probe {
      source = .unmeasured
      if let measured = try await probe(report, registry), let bandwidth = measured.bandwidth {
        (model.nodeBandwidth, source) = (bandwidth, .measured)
        measuredBytes = measured.bytes
        // Of a pull, a runtime asks for what the reference names, its manifest, its configuration and its layers.
        model.latency = max(model.latency, measured.requestTime * 4)
      }
    }
    model.source = options.source
    model.registryBandwidth = options.registryBandwidth.map { Double($0.bytes) }
    model.unpackBandwidth = options.unpackBandwidth.map { Double($0.bytes) }
    let isUnpackingAssumed = source == .measured && model.unpackBandwidth == nil
    if isUnpackingAssumed { (model.unpackBandwidth, model.layerTime) = (assumedUnpacking, assumedLayerTime) }
    let asked = Set(options.parallelism.map { $0.limit(of: loads.count) }.map { min($0, loads.count) }).sorted()
    let times =
      asked.isEmpty ? model.estimates(loads) : asked.map { model.estimate(loads, parallelism: $0) }
    return CheckEstimate(
      model: model, source: source, measuredBytes: measuredBytes, isUnpackingAssumed: isUnpackingAssumed,
      nodes: loads.count, images: images,
      uncounted: report.uncounted, times: times, limits: model.limits(loads),
      seeds: SeedAdvice(model, loads, parallelism: asked.last ?? loads.count, options.seeds))
  }

  private static func probe(
    _ report: CheckReport, _ registry: RegistryClient
  ) async throws -> BandwidthProbe.Measurement? {
    let images = report.images.compactMap { image in
      image.inspected.flatMap { inspected in
        report.variant(of: image).map { variant in
          ResolvedImage(
            reference: image.subject.reference, descriptor: inspected.descriptor, platform: variant.platform,
            manifestDescriptor: variant.descriptor,
            manifest: Manifest(config: variant.config, layers: variant.layers.map(\.descriptor)), documents: [])
        }
      }
    }
    return try await BandwidthProbe(registry).measure(images)
  }

  /// `125 MB/s to each node (assumed), 1.25 GB/s from the registry`.
  var assumptions: String {
    let few = measuredBytes.flatMap { $0 < Source.enoughBytes ? " on \(Quantity.bytes($0)) only" : nil } ?? ""
    let node = "\(Quantity.rate(model.nodeBandwidth)) to each node (\(source.words)\(few))"
    let others = [
      model.registryBandwidth.map { "\(Quantity.rate($0)) from the registry" },
      model.unpackBandwidth.map { "unpacking \(Quantity.rate($0))\(isUnpackingAssumed ? " (assumed)" : "")" },
      uncounted > 0 ? "without \(Quantity.count(uncounted, "image")) that could not be looked at" : nil,
    ]
    return ([node] + others.compactMap(\.self)).joined(separator: ", ")
  }

  /// What a probe does not know, for the user.
  var remark: String? {
    guard source == .measured else { return nil }
    let link =
      "the link was measured from here to the registry, which may send other bytes slower than those that it has in "
      + "memory; that of the nodes may be another."
    guard isUnpackingAssumed, let rate = model.unpackBandwidth else { return link }
    return link + " Nodes' processors and disks were not measured: that they unpack \(Quantity.rate(rate)) is assumed, "
      + "and --unpack-bandwidth says it better."
  }

  var chart: TimeChart {
    TimeChart(
      title: "\(Quantity.count(nodes, "node")), \(Quantity.count(images, "image")): \(assumptions)",
      points: times.map { ($0.parallelism, $0.duration / .seconds(1), $0.bound.description) },
      limits: limits.map { ($0.bound.description, $0.duration / .seconds(1)) })
  }

  var json: JSON {
    JSON(members: [
      ("nodes", .integer(Int64(nodes))), ("nodeBandwidth", .number(model.nodeBandwidth)),
      ("nodeBandwidthSource", .string(source.rawValue)),
      ("measuredBytes", measuredBytes.map(JSON.integer) ?? .null), ("uncountedImages", .integer(Int64(uncounted))),
      ("registryBandwidth", model.registryBandwidth.map(JSON.number) ?? .null),
      ("unpackBandwidth", model.unpackBandwidth.map(JSON.number) ?? .null),
      (
        "unpackBandwidthSource",
        model.unpackBandwidth == nil ? .null : .string(isUnpackingAssumed ? "assumed" : "given")
      ),
      ("latencySeconds", JSON(seconds: model.latency)),
      (
        "times",
        .array(
          times.map {
            [
              "parallelism": .integer(Int64($0.parallelism)), "seconds": JSON(seconds: $0.duration),
              "bound": .string($0.bound.rawValue),
            ]
          })
      ),
      (
        "limits",
        .array(limits.map { ["bound": .string($0.bound.rawValue), "seconds": JSON(seconds: $0.duration)] })
      ),
      ("seeds", seeds?.json ?? .null),
    ])
  }
}
