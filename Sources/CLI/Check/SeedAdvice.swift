import Checking
import Documents
import Terminal

/// Whether seeds help, and how many.
struct SeedAdvice: Sendable {
  let source: PullModel.Source
  let parallelism: Int
  /// Without seeds first, then with more and more.
  let estimates: [PullEstimate]
  /// With as many as were asked for.
  let asked: PullEstimate?
  /// Nodes that there are.
  let nodes: Int
  /// Of one copy of what a node lacks, on average.
  let copyBytes: Double

  /// - Parameter seeds: how many were asked for. Nil, where there is neither cache nor mirror: nobody wants to know.
  init?(_ model: PullModel, _ loads: [[PullLoad]], parallelism: Int, _ seeds: Int?) {
    guard seeds != nil || model.source != .registry else { return nil }
    source = model.source
    self.parallelism = parallelism
    nodes = loads.count
    estimates = model.seedEstimates(loads, parallelism: parallelism)
    asked = seeds.map { model.estimate(loads, parallelism: parallelism, seeds: $0) }
    let sums = loads.map { $0.reduce(0.0) { $0 + Double($1.bytes) } }.filter { $0 > 0 }
    copyBytes = sums.reduce(0, +) / Double(max(1, sums.count))
  }

  private var without: PullEstimate? { estimates.first }
  private var best: PullEstimate? { estimates.bestSeeds }
  private var isExcessive: Bool { (asked?.seeds ?? 0) > nodes }

  /// `2 are best with a mirror between nodes: 31s and 2 copies from the registry; without seeds: 3m20s and 50 copies`.
  var text: String {
    guard let without, let best else { return "" }
    let beside = asked.flatMap { $0.seeds == best.seeds ? nil : "; with \($0.seeds): \(figures($0))" } ?? ""
    let excess = isExcessive ? "; there are no more than \(Quantity.count(nodes, "node")) to be seeds" : ""
    return text(without, best, beside + excess)
  }

  private func text(_ without: PullEstimate, _ best: PullEstimate, _ beside: String) -> String {
    switch source {
    case .registry:
      return "they save no egress where there is neither a cache (--cache) nor a mirror between nodes (--p2p): "
        + "\(figures(asked ?? best)); without seeds: \(figures(without))\(isExcessive ? beside : ""). "
        + "A bad image is found by them alone."
    case .cache, .mirror:
      let name = source == .mirror ? "a mirror between nodes" : "a pull-through cache"
      guard best.duration < without.duration else {
        let least = estimates.first { $0.seeds == 1 }.map { "; with 1: \(figures($0)), the least egress" } ?? ""
        return "they make it no quicker with \(name): without seeds: \(figures(without)) from the registry"
          + (copyBytes > 0 ? least + beside : "")
      }
      return
        "\(best.seeds) \(best.seeds == 1 ? "is" : "are") best with \(name), \(Quantity.count(parallelism, "node")) at a time at most: "
        + "\(figures(best)) from the registry\(beside); without seeds: \(figures(without))"
    }
  }

  private func figures(_ estimate: PullEstimate) -> String {
    let tenths = Int((copies(estimate) * 10).rounded())
    let copies = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    return "\(Quantity.time(estimate.duration)) and \(copies) \(tenths == 10 ? "copy" : "copies")"
  }

  private func copies(_ estimate: PullEstimate) -> Double {
    copyBytes > 0 ? Double(estimate.registryBytes) / copyBytes : 0
  }

  var json: JSON {
    let name =
      switch source {
      case .registry: "registry"
      case .cache: "cache"
      case .mirror: "p2p"
      }
    func entry(_ estimate: PullEstimate) -> JSON {
      JSON(members: [
        ("seeds", .integer(Int64(estimate.seeds))), ("seconds", JSON(seconds: estimate.duration)),
        ("bound", .string(estimate.bound.rawValue)), ("registryBytes", .integer(estimate.registryBytes)),
      ])
    }
    let known = estimates + (asked.map { asked in estimates.contains { $0.seeds == asked.seeds } ? [] : [asked] } ?? [])
    return JSON(members: [
      ("source", .string(name)), ("parallelism", .integer(Int64(parallelism))),
      ("best", source == .registry ? .null : best.map { .integer(Int64($0.seeds)) } ?? .null),
      ("estimates", .array(known.map(entry))),
    ])
  }
}
