import Foundation
import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// What every runtime does, whatever it is. Each function is one promise; the runtime and the registry are fresh.
enum RuntimeContract {
  static func tellsWhatItIs(_ runtime: any Runtime, name: String) async throws {
    let identity = try await runtime.identify()
    #expect(identity.name == name)
    #expect(!identity.version.isEmpty)
    #expect(!identity.apiVersion.isEmpty)
    #expect(identity.platform.os == "linux")
    #expect(identity.platform.architecture == Platform.host.architecture)
  }

  static func pullsWithProgress(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage(layers: [300_000, 2_000_000], platforms: [.host, .other], gzip: true)
    let reference = registry.add(image)
    #expect(try await runtime.image(reference) == nil)
    let log = ProgressLog()

    let pulled = try await runtime.pull(image.order(reference), progress: log.report)

    #expect(pulled.digests.contains(image.root.descriptor.digest))
    #expect(pulled.sizeBytes > 0)
    #expect(try await runtime.image(reference) == pulled)
    let total = try image.resolved(as: reference).compressedSize
    let progress = log.all
    #expect(progress.last == PullProgress(phase: .verifying, completedBytes: total, totalBytes: total))
    #expect(progress.allSatisfy { $0.totalBytes == total })
    #expect(
      zip(progress, progress.dropFirst()).allSatisfy { $0.completedBytes <= $1.completedBytes && $0.phase <= $1.phase })
  }

  static func listsAndRemoves(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let (first, second) = (try SampleImage(seed: 1), try SampleImage(seed: 2))
    let (one, two) = (registry.add(first, to: "test/one"), registry.add(second, to: "test/two"))
    #expect(try await runtime.list().isEmpty)
    #expect(try await runtime.remove(one) == false)
    for (image, reference) in [(first, one), (second, two)] {
      _ = try await runtime.pull(image.order(reference), progress: { _ in })
    }

    let names = try await runtime.list().flatMap(\.references)
    #expect(names.contains(one.description) && names.contains(two.description))

    #expect(try await runtime.remove(one))
    #expect(try await runtime.image(one) == nil)
    #expect(try await runtime.image(two)?.digests == [second.root.descriptor.digest])
    #expect(try await runtime.remove(one) == false)
    #expect(try await runtime.list().count == 1)
  }

  static func downloadsNothingTwice(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage()
    let reference = registry.add(image)
    let first = try await runtime.pull(image.order(reference), progress: { _ in })
    registry.clearRequests()
    let log = ProgressLog()

    let second = try await runtime.pull(image.order(reference), progress: log.report)

    #expect(second == first)
    #expect(log.all.last?.completedBytes == log.all.last?.totalBytes)
    #expect(registry.requests.filter { $0.method == "GET" && $0.path.contains("/blobs/") }.isEmpty)
  }

  /// Pods may name an image by tag, by digest, or by both.
  static func findsEveryFormOfAReference(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage(platforms: [.host, .other])
    let digest = image.root.descriptor.digest
    let tagged = registry.add(image, to: "test/forms", tag: "v1")
    let forms = [
      Reference(registry: tagged.registry, repository: tagged.repository, tag: "v1", digest: digest),
      tagged.at(digest), tagged,
    ]
    for reference in forms {
      let pulled = try await runtime.pull(image.order(reference), progress: { _ in })
      #expect(pulled.digests.contains(digest), "\(reference)")
      #expect(try await runtime.image(reference) == pulled, "\(reference)")
      #expect(try await runtime.remove(reference), "\(reference)")
      #expect(try await runtime.image(reference) == nil, "\(reference)")
    }
  }

  static func tellsTheSpace(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage(layers: [1_000_000])
    _ = try await runtime.pull(image.order(registry.add(image)), progress: { _ in })
    // containerd adds up what its images take only now and then.
    let space = try await eventually("the image's bytes among those used") {
      let space = try await runtime.space()
      return space.usedBytes ?? 0 >= 1_000_000 ? space : nil
    }
    #expect(FileManager.default.fileExists(atPath: space.path))
    let (available, capacity) = (try #require(space.availableBytes), try #require(space.capacityBytes))
    #expect(0 < available && available < capacity)
  }

  static func tellsWhatIsMissing(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage(platforms: [.other, Platform(os: "linux", architecture: "s390x")])
    let reference = registry.add(image, to: "test/elsewhere")
    func missing(_ repository: String, _ tag: String) -> Reference {
      Reference(registry: registry.host, repository: repository, tag: tag, digest: nil)
    }
    try await expect(.registry(.notFound), in: runtime, pulling: missing("test/elsewhere", "v9"))
    try await expect(.registry(.notFound), in: runtime, pulling: missing("test/nothing", "v1"))
    try await expect(.registry(.noPlatform), in: runtime, pulling: reference)
    let absent = Reference(registry: "127.0.0.1:1", repository: "a/b", tag: "v1", digest: nil)
    try await expect(.registry(.refused), in: runtime, pulling: absent)
    let nowhere = Reference(registry: "registry.invalid", repository: "a/b", tag: "v1", digest: nil)
    try await expect(.registry(.noSuchHost), in: runtime, pulling: nowhere)
    #expect(try await runtime.list().isEmpty)
  }

  static func needsTheRightCredential(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage()
    let reference = registry.add(image, to: "private/image")
    registry.require(.basic(username: "anna", password: "geheim"))

    try await expect(.registry(.unauthorized), in: runtime, pulling: reference)
    let wrong = RegistryCredential.basic(username: "anna", password: "falsch")
    try await expect(.registry(.unauthorized), in: runtime, pulling: reference, credential: wrong)
    let right = RegistryCredential.basic(username: "anna", password: "geheim")
    let pulled = try await runtime.pull(image.order(reference, credential: right), progress: { _ in })
    #expect(pulled.digests == [image.root.descriptor.digest])
  }

  /// Two images over one base: while the base is on its way both show its bytes.
  static func countsSharedLayersForBoth(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let (first, second) = try SampleImage.sharing(layerOf: 4_000_000)
    let shared = first.variants[0].layers[0].descriptor
    let (one, two) = (registry.add(first, to: "test/one"), registry.add(second, to: "test/two"))
    registry.inject(.stall(after: 3 << 20)) { $0.method == "GET" && $0.path.hasSuffix(shared.digest.description) }
    let (logOne, logTwo) = (ProgressLog(), ProgressLog())
    let (orderOne, orderTwo) = (try first.order(one), try second.order(two))

    let pullOne = Task { try await runtime.pull(orderOne, progress: logOne.report) }
    // Docker tells the first bytes at once, and then only so often.
    let own = (try #require(orderOne.resolved).compressedSize, try #require(orderTwo.resolved).compressedSize)
    try await logOne.wait("the shared layer in the first pull") { $0.completedBytes > own.0 - shared.size }
    let pullTwo = Task { try await runtime.pull(orderTwo, progress: logTwo.report) }
    try await logTwo.wait("the shared layer in the second pull") { $0.completedBytes > own.1 - shared.size }

    for (log, order) in [(logOne, orderOne), (logTwo, orderTwo)] {
      let latest = try #require(log.all.last)
      let total = try #require(order.resolved).compressedSize
      #expect(latest.totalBytes == total)
      #expect(latest.phase == .downloading)
      #expect(latest.completedBytes <= total - shared.size + 3 << 20)
    }
    for pull in [pullOne, pullTwo] {
      pull.cancel()
      await #expect(throws: CancellationError.self) { try await pull.value }
    }
  }

  static func stopsAtOnceWhenCancelled(_ runtime: any Runtime, _ registry: EmbeddedRegistry) async throws {
    let image = try SampleImage(layers: [4_000_000])
    let reference = registry.add(image)
    registry.inject(.stall(after: 3 << 20), times: 1) {
      $0.method == "GET" && $0.path.contains("/blobs/")
        && $0.path.hasSuffix(image.variants[0].layers[0].descriptor.digest.description)
    }
    let log = ProgressLog()
    let order = try image.order(reference)
    let pull = Task { try await runtime.pull(order, progress: log.report) }
    try await log.waitForLayer(of: order)

    pull.cancel()

    await #expect(throws: CancellationError.self) { try await pull.value }
    #expect(try await runtime.image(reference) == nil)
    #expect(try await runtime.list().isEmpty)
    // What the first attempt left, if anything, does no harm.
    let pulled = try await runtime.pull(order, progress: { _ in })
    #expect(pulled.digests == [image.root.descriptor.digest])
  }

  private static func expect(
    _ code: RuntimeError.Code, in runtime: any Runtime, pulling reference: Reference,
    credential: RegistryCredential? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let order = PullOrder(reference: reference, platform: .host, credential: credential)
    let error = await #expect(throws: RuntimeError.self, sourceLocation: sourceLocation) {
      try await runtime.pull(order, progress: { _ in })
    }
    #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    #expect(error?.subject == reference.familiar, sourceLocation: sourceLocation)
    #expect(error?.description.contains("geheim") == false, sourceLocation: sourceLocation)
  }
}

extension Platform {
  /// One that this machine is not.
  static let other = Platform(os: "linux", architecture: Platform.host.architecture == "riscv64" ? "amd64" : "riscv64")
}

extension SampleImage {
  /// Two images whose first layer, of that many bytes, is the same.
  static func sharing(layerOf size: Int) throws -> (SampleImage, SampleImage) {
    // Layers are random by seed, in order: the same seed gives the same first layer.
    (try SampleImage(seed: 7, layers: [size, 10_000]), try SampleImage(seed: 7, layers: [size, 20_000]))
  }
}
