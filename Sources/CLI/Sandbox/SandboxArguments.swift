import ArgumentParser
import Commands
import ImageModel
import VirtualCluster
import Warming

/// How a pull-through cache does when several nodes ask for what it does not have.
enum SandboxCache: String, ExpressibleByArgument, CaseIterable { case plain, coalescing }

/// What an embedded cluster is made of.
struct SandboxArguments: ParsableArguments {
  @Option(help: "How many nodes.")
  var nodes = 3

  @Option(
    help: ArgumentHelp(
      "Architectures of the nodes, in turn: amd64,arm64. That of this machine when left out.", valueName: "list"))
  var arch: [String] = []

  @Option(
    help: ArgumentHelp(
      "Let this runtime hold the images of node-1: cri:///run/containerd/containerd.sock.", valueName: "endpoint"))
  var runtime: String?

  @Flag(help: "Compute how long pulls take instead of moving bytes: for thousands of nodes.")
  var modelled = false

  @Option(
    help: ArgumentHelp("Of each node's link; no limit when left out, with --modelled 125MB.", valueName: "bytes/s"))
  var nodeBandwidth: ByteRate?

  @Option(help: ArgumentHelp("That all nodes share; no limit when left out.", valueName: "bytes/s"))
  var registryBandwidth: ByteRate?

  @Option(
    help: ArgumentHelp("Until each answer of the registry begins; with --modelled, each pull.", valueName: "time"),
    transform: TimeSpan.parse)
  var registryLatency: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Put a pull-through cache before the registry: plain fetches a layer for everybody who asks before it has it, "
        + "coalescing once.", valueName: "kind"))
  var cache: SandboxCache?

  @Option(
    help: ArgumentHelp("Of the cache's link, that all nodes share; no limit when left out.", valueName: "bytes/s"))
  var cacheBandwidth: ByteRate?

  @Flag(help: "Let nodes ask each other for layers before cache and registry, as with Spegel or Dragonfly.")
  var p2p = false

  @Option(
    help: ArgumentHelp(
      "Until a bound pod's first container; real kubelets take half a second or more.", valueName: "time"),
    transform: TimeSpan.parse)
  var podStart: TimeSpan?

  @Option(help: ArgumentHelp("How many times faster than real time back-offs and modelled pulls pass.", valueName: "n"))
  var speed: Double = 1

  /// - Throws: `ValidationError` for what makes no cluster.
  func options() throws -> SandboxOptions {
    guard (1...20_000).contains(nodes) else { throw ValidationError("--nodes \(nodes) is not from 1 to 20000") }
    guard speed >= 0.01, speed <= 10_000 else { throw ValidationError("--speed \(speed) is not from 0.01 to 10000") }
    let architectures = try TouchProgram.Architecture.all(in: arch)
    var templates = NodeTemplate.numbered(nodes)
    if !architectures.isEmpty {
      for index in templates.indices {
        templates[index].platform = architectures[index % architectures.count].platform
        if templates[index].platform.os == "windows" { templates[index].platform.osVersion = "10.0.20348" }
      }
    }
    for index in templates.indices { templates[index].podStart = podStart?.duration ?? .zero }
    if let runtime { templates[0].images = .cri(try Self.socket(of: runtime)) }
    var options = SandboxOptions(nodes: templates)
    options.speed = speed
    options.programs = SandboxPrograms.all
    if cacheBandwidth != nil, cache == nil {
      throw ValidationError("--cache-bandwidth is of a cache: say which one with --cache plain or --cache coalescing")
    }
    options.cache = cache.map { .init(coalesces: $0 == .coalescing, bandwidth: cacheBandwidth?.bytes) }
    options.hasMirror = p2p
    if modelled {
      var model = SandboxOptions.Model()
      if let nodeBandwidth { model.linkBandwidth = nodeBandwidth.bytes }
      model.registryBandwidth = registryBandwidth?.bytes
      if let registryLatency { model.latency = registryLatency.duration }
      options.model = model
    } else if nodeBandwidth != nil || registryBandwidth != nil || registryLatency != nil {
      options.links = .init(
        nodeBandwidth: nodeBandwidth?.bytes, registryBandwidth: registryBandwidth?.bytes,
        latency: registryLatency?.duration ?? .zero)
    }
    return options
  }

  private static func socket(of endpoint: String) throws -> String {
    let path = endpoint.hasPrefix("cri://") ? String(endpoint.dropFirst(6)) : endpoint
    guard path.hasPrefix("/") else {
      throw ValidationError("--runtime '\(endpoint)' is no socket of a runtime; write cri:///path/to/containerd.sock")
    }
    return path
  }
}
