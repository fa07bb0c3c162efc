import ArgumentParser
import Checking
import Commands
import Documents
import Warming

/// How wide what pulls pass through is, and how large disks may grow full.
struct EstimateOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Of each node's link: 125MB, 1Gbit. (default: 1Gbit is assumed)", valueName: "bytes/s"))
  var nodeBandwidth: ByteRate?

  @Option(
    help: ArgumentHelp("Of the registry's link, that all nodes share. (default: no limit)", valueName: "bytes/s"))
  var registryBandwidth: ByteRate?

  @Option(
    help: ArgumentHelp(
      "How fast a node unpacks, in unpacked bytes. (default: as fast as they come; with --probe 110MB)",
      valueName: "bytes/s"))
  var unpackBandwidth: ByteRate?

  @Flag(
    help: """
      Measure the link from here to the registry by reading layers, 64 MB and 10 s at most, and take it for that of a \
      node. What it cannot see is how fast nodes unpack: see --unpack-bandwidth.
      """)
  var probe = false

  @Option(
    help: ArgumentHelp(
      "Nodes at a time to estimate the time for, a number or a percentage. Repeatable. (default: several)",
      valueName: "nodes"), transform: Parallelism.nodesAtATime)
  var parallelism: [Parallelism] = []

  @Flag(help: "Nodes pull through a pull-through cache: estimate with seeds too. See --cache-bandwidth.")
  var cache = false

  @Option(
    help: ArgumentHelp("Of the cache's link, that all nodes share. (default: no limit)", valueName: "bytes/s"))
  var cacheBandwidth: ByteRate?

  @Flag(help: "Nodes serve each other what they hold, as with Spegel or Dragonfly: estimate with seeds too.")
  var p2p = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Nodes that pull first, as with prepull run --seeds. (default: with --cache and --p2p, the best number)",
      valueName: "nodes"), transform: WholeNumber.from(1, to: 100_000))
  var seeds: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Without a cluster: reckon with this many nodes that hold nothing.", valueName: "n"),
    transform: WholeNumber.from(1, to: 100_000))
  var nodeCount: Int?

  @Option(help: ArgumentHelp("Draw the time against the parallelism into this file.", valueName: "file.svg"))
  var plot: String?

  @Option(
    help: ArgumentHelp(
      "The kubelets' imageGCHighThresholdPercent: disk usage at which they begin to delete images.", valueName: "%"))
  var gcHigh = 85

  @Option(
    help: ArgumentHelp(
      "The kubelets' imageGCLowThresholdPercent: disk usage down to which they delete.", valueName: "%"))
  var gcLow = 80

  /// Options that mean nothing without nodes, and whether each is given.
  private var ofNodes: [(String, Bool)] {
    [
      ("--node-bandwidth", nodeBandwidth != nil), ("--registry-bandwidth", registryBandwidth != nil),
      ("--unpack-bandwidth", unpackBandwidth != nil), ("--probe", probe), ("--parallelism", !parallelism.isEmpty),
      ("--cache", cache), ("--cache-bandwidth", cacheBandwidth != nil), ("--p2p", p2p), ("--seeds", seeds != nil),
      ("--plot", plot != nil),
    ]
  }

  /// - Throws: `ValidationError` for estimates of nodes, where there is no cluster and nobody says how many nodes.
  func requireNodes() throws {
    guard nodeCount == nil, let option = ofNodes.first(where: \.1)?.0 else { return }
    throw ValidationError("\(option) is about nodes, and without a cluster there are none: add --node-count")
  }

  /// - Throws: `ValidationError` for what cannot be.
  func check() throws {
    guard (1...100).contains(gcHigh), (0...100).contains(gcLow), gcLow <= gcHigh else {
      throw ValidationError(
        "--gc-low \(gcLow) and --gc-high \(gcHigh) are no thresholds: write 0 to 100, the low one first")
    }
    if let nodeCount, let seeds, seeds > nodeCount {
      throw ValidationError("--seeds \(seeds) is more than the \(Quantity.count(nodeCount, "node")) of --node-count")
    }
    if p2p, cache || cacheBandwidth != nil {
      throw ValidationError(
        "--p2p and --cache are asked one before the other: estimate with the one that is asked first")
    }
    if probe, nodeBandwidth != nil {
      throw ValidationError("--probe measures what --node-bandwidth says: leave one of them out")
    }
  }

  /// What stands between nodes and the registry.
  var source: PullModel.Source {
    if p2p { return .mirror }
    return cache || cacheBandwidth != nil ? .cache(bandwidth: cacheBandwidth.map { Double($0.bytes) }) : .registry
  }

  var thresholds: DiskThresholds {
    var thresholds = DiskThresholds()
    (thresholds.high, thresholds.low) = (gcHigh, gcLow)
    return thresholds
  }
}
