import ImageModel
import Testing

@testable import VirtualCluster

@Suite("Caches and mirrors before the sandbox's registry", .timeLimit(.minutes(3)))
struct RegistryWaysTests {
  private static let size = 400_000

  /// Links on which a layer takes a while, so that those who ask together come together.
  private static func options(nodes: Int = 6, isModelled: Bool = false) -> SandboxOptions {
    var options = Cluster.options(NodeTemplate.numbered(nodes), speed: 1)
    options.hasSampleImages = false
    if isModelled {
      options.model = .init(linkBandwidth: 1_000_000, registryBandwidth: 1_000_000, latency: .zero)
    } else {
      options.links = .init(nodeBandwidth: 1_000_000, registryBandwidth: 1_000_000)
    }
    return options
  }

  private static func image(in sandbox: Sandbox) throws -> Reference {
    if sandbox.options.model != nil { return try sandbox.registry.addModelled("a", layers: [Int64(size)]) }
    return sandbox.registry.add(try SampleImage(layers: [size]), to: "a")
  }

  private static func pull(_ image: Reference, on nodes: ClosedRange<Int>, of sandbox: Sandbox) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for node in nodes {
        let images = try #require(sandbox.fleet.kubelet("node-\(node)")).images
        group.addTask { _ = try await images.pull(image, credential: nil) }
      }
      try await group.waitForAll()
    }
  }

  /// Whole copies of the layer.
  private static func copies(_ bytes: Int64) -> Int { Int(bytes) / size }

  @Test(
    "Nodes that pull together from a mirror all go to the registry; those that come later ask them",
    arguments: [
      false, true,
    ])
  func mirror(isModelled: Bool) async throws {
    var options = Self.options(isModelled: isModelled)
    options.hasMirror = true
    try await Cluster.with(options) { sandbox in
      let image = try Self.image(in: sandbox)
      try await Self.pull(image, on: 1...2, of: sandbox)
      #expect(Self.copies(sandbox.traffic.registry) == 2)
      #expect(sandbox.traffic.nodes == 0)
      try await Self.pull(image, on: 3...6, of: sandbox)
      #expect(Self.copies(sandbox.traffic.registry) == 2)
      #expect(Self.copies(sandbox.traffic.nodes) == 4)
      #expect(try await sandbox.image(image.description, on: "node-6") != nil)
    }
  }

  @Test(
    "A cache fetches once for those who come later; for those who come together only where it coalesces",
    arguments: [
      (false, false), (false, true), (true, false), (true, true),
    ])
  func cache(isModelled: Bool, coalesces: Bool) async throws {
    var options = Self.options(isModelled: isModelled)
    options.cache = .init(coalesces: coalesces)
    try await Cluster.with(options) { sandbox in
      let image = try Self.image(in: sandbox)
      try await Self.pull(image, on: 1...3, of: sandbox)
      #expect(Self.copies(sandbox.traffic.registry) == (coalesces ? 1 : 3))
      try await Self.pull(image, on: 4...6, of: sandbox)
      #expect(Self.copies(sandbox.traffic.registry) == (coalesces ? 1 : 3))
      #expect(Self.copies(sandbox.traffic.cache) >= 3)
    }
  }

  @Test("What no node holds any more comes from the registry again, and a private layer is for its readers only")
  func limits() async throws {
    var options = Self.options(nodes: 3)
    options.hasMirror = true
    options.cache = .init(coalesces: true)
    try await Cluster.with(options) { sandbox in
      let image = try Self.image(in: sandbox)
      try await Self.pull(image, on: 1...1, of: sandbox)
      sandbox.registry.require(.basic(username: "u", password: "p"))
      await #expect(throws: PullFailure.self) { try await Self.pull(image, on: 2...2, of: sandbox) }
      sandbox.registry.require(.open)
      try await sandbox.removeImage(image.description, from: "node-1")
      try await Self.pull(image, on: 3...3, of: sandbox)
      #expect(Self.copies(sandbox.traffic.registry) == 1, "the cache has it")
      #expect(Self.copies(sandbox.traffic.cache) == 2)
    }
  }
}
