import Checking
import Testing

@Suite("Estimates with seeds", .timeLimit(.minutes(2)))
struct SeedEstimateTests {
  /// 50 nodes that lack 40 MB, links of 10 MB/s each, also the registry's.
  private static let loads = Array(repeating: [PullLoad(bytes: 40_000_000)], count: 50)

  private static func model(_ source: PullModel.Source) -> PullModel {
    var model = PullModel(nodeBandwidth: 10e6, registryBandwidth: 10e6, latency: .zero, turn: .zero, frame: .zero)
    model.source = source
    return model
  }

  private static func estimate(_ source: PullModel.Source, seeds: Int) -> PullEstimate {
    model(source).estimate(loads, parallelism: 50, seeds: seeds)
  }

  private static func seconds(_ estimate: PullEstimate) -> Double { estimate.duration / .seconds(1) }
  private static func copies(_ estimate: PullEstimate) -> Double { Double(estimate.registryBytes) / 40e6 }

  @Test(
    "All at once, nobody has anything yet: neither cache nor mirror help",
    arguments: [
      PullModel.Source.registry, .cache(bandwidth: nil), .mirror,
    ])
  func without(source: PullModel.Source) {
    let estimate = Self.estimate(source, seeds: 0)
    #expect(abs(Self.seconds(estimate) - 200) < 0.01)
    #expect(Self.copies(estimate) == 50)
    #expect(estimate.bound == .registryLink)
  }

  @Test("From a mirror: one copy, then the nodes that hold it serve those that come")
  func mirror() {
    // 1 node alone 4 s; 2 from 1 8 s; 4 from 3 5.33 s; 8 from 7 4.57 s; 16 from 15 4.27 s; 19 from 31 4 s.
    let estimate = Self.estimate(.mirror, seeds: 1)
    #expect(abs(Self.seconds(estimate) - 30.17) < 0.02)
    #expect(Self.copies(estimate) == 1)
    #expect(estimate.bound == .nodeLink)
  }

  @Test("From a cache: one copy, then as fast as its link is")
  func cache() {
    let wide = Self.estimate(.cache(bandwidth: nil), seeds: 1)
    // Six waves of 1, 2, 4, 8, 16 and 19 nodes.
    #expect(abs(Self.seconds(wide) - 24) < 0.01)
    #expect(Self.copies(wide) == 1)
    let narrow = Self.estimate(.cache(bandwidth: 20e6), seeds: 1)
    #expect(narrow.bound == .cacheLink)
    #expect(abs(Self.seconds(narrow) - (4 + 49 * 2)) < 0.01)
  }

  @Test("From the registry alone, seeds save nothing", arguments: [1, 5])
  func registry(seeds: Int) {
    let estimate = Self.estimate(.registry, seeds: seeds)
    #expect(Self.copies(estimate) == 50)
    #expect(Self.seconds(estimate) >= 199.99)
  }

  @Test("The parallelism bounds the growth")
  func parallelism() {
    var model = Self.model(.cache(bandwidth: nil))
    model.registryBandwidth = nil
    let estimate = model.estimate(Self.loads, parallelism: 4, seeds: 1)
    // 1, 2, then 4 at a time for the 47 that are left.
    #expect(abs(Self.seconds(estimate) - 4 * 14) < 0.01)
  }

  @Test("The best number of seeds: few where the registry is slow, many where it is as fast as all nodes")
  func best() {
    func best(_ registry: Double) -> Int? {
      var model = Self.model(.mirror)
      model.registryBandwidth = registry
      return model.seedEstimates(Self.loads, parallelism: 50).bestSeeds?.seeds
    }
    #expect((best(1e6) ?? 0) == 1)
    #expect((best(500e6) ?? 0) > 20)
    let all = Self.model(.mirror).seedEstimates(Self.loads, parallelism: 50)
    #expect(all.map(\.seeds) == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48])
    #expect(all.bestSeeds.map { $0.duration < (all.first?.duration ?? .zero) } == true)
  }

  @Test(
    "No estimate beats the limits of its source",
    arguments: [
      PullModel.Source.registry, .cache(bandwidth: 30e6), .mirror,
    ])
  func limits(source: PullModel.Source) {
    let model = Self.model(source)
    let limits = model.limits(Self.loads)
    for estimate in model.seedEstimates(Self.loads, parallelism: 50) {
      #expect(limits.allSatisfy { $0.duration <= estimate.duration + .milliseconds(1) }, "\(estimate) \(limits)")
    }
    #expect(limits.contains { $0.bound == .cacheLink } == (source == .cache(bandwidth: 30e6)))
  }

  @Test("Nodes that lack nothing are done at once, and others go on from them")
  func held() {
    let loads = Array(repeating: [PullLoad](), count: 10) + Self.loads
    let estimate = Self.model(.mirror).estimate(loads, parallelism: 60, seeds: 1)
    #expect(Self.copies(estimate) == 0)
  }
}
