package import ImageModel
import Kubernetes
import NIOCore
import Networking
package import Registry
import Synchronization

/// Asks registries, from here, what images are made of.
///
/// Each image costs a GET for what the reference names, one for each platform of an index, and one for a configuration.
/// Registries that limit pulls (Docker Hub) count these.
package struct ImageInspector: Sendable {
  package typealias Outcome = Result<InspectedImage, InspectionFailure>

  private let registry: RegistryClient
  private let platforms: [Platform]
  private let isExact: Bool
  private let limit: Duration

  /// - Parameters:
  ///   - platforms: whose images are looked at; of an image without any of them the first one is.
  ///   - isExact: reads the end of each gzip layer to learn its size when unpacked; a request more for each layer.
  ///   - limit: for one image, all tries included.
  package init(
    registry: RegistryClient, platforms: [Platform], isExact: Bool = false, limit: Duration = .seconds(30)
  ) {
    self.registry = registry
    self.platforms = platforms
    self.isExact = isExact
    self.limit = limit
  }

  /// Questions to one registry at a time; its connections are shared, and few registries bear more from one client.
  private static let parallelPerRegistry = 32
  private static let parallel = 128

  /// How far an inspection is.
  package struct Progress: Hashable, Sendable {
    package var done: Int
    package var all: Int
    /// Registries that still owe answers, the one that owes the most first.
    package var owing: [String]
  }

  /// One outcome for each reference, in their order.
  ///
  /// - Parameter report: is called at the beginning and with each outcome, one call at a time.
  /// - Throws: `CancellationError` only.
  package func inspect(
    _ references: [Reference], report: @Sendable (Progress) -> Void = { _ in }
  ) async throws -> [Outcome] {
    let names = Set(references.map(\.registry))
    var owed = references.reduce(into: [:]) { $0[$1.registry, default: 0] += 1 }
    func progress(_ done: Int) -> Progress {
      let owing = owed.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      return Progress(done: done, all: references.count, owing: owing.map(\.key))
    }
    report(progress(0))
    let limits = Dictionary(names.map { ($0, ConcurrencyLimit(Self.parallelPerRegistry)) }) { one, _ in one }
    let silence = RegistrySilence()
    return try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
      var outcomes = [Outcome?](repeating: nil, count: references.count)
      var next = 0
      func begin() {
        guard next < references.count else { return }
        let index = next
        let reference = references[index]
        next += 1
        group.addTask {
          guard let limit = limits[reference.registry] else { throw CancellationError() }
          return try await limit.run {
            if let failure = silence.failure(of: reference.registry) { return (index, .failure(failure)) }
            let outcome = try await outcome(of: reference)
            silence.note(outcome, of: reference.registry)
            return (index, outcome)
          }
        }
      }
      for _ in 0..<Self.parallel { begin() }
      var done = 0
      while let (index, outcome) = try await group.next() {
        outcomes[index] = outcome
        done += 1
        owed[references[index].registry, default: 1] -= 1
        report(progress(done))
        begin()
      }
      return outcomes.compactMap(\.self)
    }
  }

  private func outcome(of reference: Reference) async throws -> Outcome {
    do {
      return .success(try await withTimeLimit(limit) { try await inspect(reference) })
    } catch let failure as InspectionFailure {
      return .failure(failure)
    } catch let error as RegistryError {
      return .failure(InspectionFailure(error))
    } catch is TimeLimitReached {
      let detail = "\(reference.registry) did not answer within \(limit)"
      return .failure(
        InspectionFailure(.timedOut, detail, "Check the network between this machine and the registry."))
    } catch {
      // Whatever it is, it is about this image and not about the others.
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      let failure = WarmFailure(error)
      return .failure(InspectionFailure(.fault, failure.detail, failure.remedy))
    }
  }

  private func inspect(_ reference: Reference) async throws -> InspectedImage {
    let (root, rateLimit) = try await registry.root(reference)
    var image = InspectedImage(
      descriptor: root.descriptor, platforms: [], variants: [:], attestations: 0, rateLimit: rateLimit,
      vagueType: root.vagueType)
    if MediaType.isIndex(root.descriptor.mediaType) {
      try await readIndex(root, of: reference, into: &image)
    } else {
      let (manifest, config) = try await registry.contents(of: root, reference)
      image.platforms = config.platform.isKnown ? [config.platform.normalized] : []
      image.created = config.created
      let suiting = platforms.filter { config.suits($0, isAlone: true) }
      for platform in suiting.isEmpty ? image.platforms : suiting {
        image.variants[platform] = InspectedImage.Variant(
          image.platforms.first ?? platform, root.descriptor, manifest)
      }
    }
    if isExact { try await readTrailers(of: reference, into: &image) }
    return image
  }

  private func readIndex(_ root: Document, of reference: Reference, into image: inout InspectedImage) async throws {
    let index = try await registry.index(root, of: reference)
    image.platforms = index.images.compactMap(\.platform).map(\.normalized)
    image.attestations = index.manifests.count - index.images.count
    var lacking: RegistryError?
    var read: [Descriptor: InspectedImage.Variant] = [:]
    for platform in platforms {
      do {
        let entry = try? platform.choice(in: index)
        if let entry, entry.platform != nil, let variant = read[entry] {
          image.variants[platform] = variant
          continue
        }
        let variant = try await variant(for: platform, behind: root, of: reference, into: &image)
        image.variants[platform] = variant
        if let entry { read[entry] = variant }
      } catch let error as RegistryError where error.code == .noPlatform {
        lacking = error
      }
    }
    guard image.variants.isEmpty else { return }
    // Nothing for what was asked, but the size of another platform's image is known.
    if let other = image.platforms.first {
      image.variants[other] = try await variant(for: other, behind: root, of: reference, into: &image)
    } else if let lacking {
      throw lacking
    }
  }

  private func variant(
    for platform: Platform, behind root: Document, of reference: Reference, into image: inout InspectedImage
  ) async throws -> InspectedImage.Variant {
    let found = try await registry.image(behind: root, of: reference, platform: platform)
    if image.created == nil, let config = try await registry.config(of: found) { image.created = config.created }
    let own = found.platform.normalized
    if !image.platforms.contains(own) { image.platforms.append(own) }
    return InspectedImage.Variant(own, found.manifestDescriptor, found.manifest)
  }

  /// Learns the unpacked size of gzip layers from their last bytes; a layer whose end cannot be had stays guessed.
  private func readTrailers(of reference: Reference, into image: inout InspectedImage) async throws {
    var sizes: [Digest: UnpackedSize] = [:]
    for layer in image.variants.values.flatMap(\.layers)
    where layer.form.compression == .gzip && !layer.unpacked.isKnown && layer.descriptor.size > 18
      && !layer.form.traits.contains(.encrypted) && sizes[layer.descriptor.digest] == nil
    {
      let start = layer.descriptor.size - 4
      do {
        let bytes = try await registry.blob(layer.descriptor, of: reference, from: start) { stream in
          // A registry without ranges sends the whole layer: that is not worth it.
          guard stream.offset == start else { return [UInt8]() }
          var bytes: [UInt8] = []
          for try await buffer in stream { bytes += Array(buffer.readableBytesView) }
          return bytes
        }
        if let size = UnpackedSize(trailer: bytes, compressed: layer.descriptor.size) {
          sizes[layer.descriptor.digest] = size
        }
      } catch is RegistryError {
        continue
      }
    }
    for platform in image.variants.keys { image.variants[platform]?.take(sizes) }
  }
}

/// Registries that nobody need be asked any more: several images failed for what is not theirs, and none was answered.
///
/// Three hundred images of a registry that does not answer would take as many time limits.
private final class RegistrySilence: Sendable {
  private static let proof = 3
  private static let codes: Set<CheckCode> = [.noSuchHost, .refused, .unreachable, .timedOut, .tls, .proxy]

  private struct State {
    var failures = 0
    var last: InspectionFailure?
    var hasAnswered = false
  }

  private let states = Mutex<[String: State]>([:])

  /// The failure that further images of the registry get without being asked for; nil where they have to be.
  func failure(of registry: String) -> InspectionFailure? {
    states.withLock { states in
      guard let state = states[registry], !state.hasAnswered, state.failures >= Self.proof else { return nil }
      return state.last
    }
  }

  func note(_ outcome: ImageInspector.Outcome, of registry: String) {
    states.withLock { states in
      if case .failure(let failure) = outcome, Self.codes.contains(failure.code) {
        states[registry, default: State()].failures += 1
        states[registry]?.last = failure
      } else {
        states[registry, default: State()].hasAnswered = true
      }
    }
  }
}

extension InspectedImage.Variant {
  fileprivate init(_ platform: Platform, _ descriptor: Descriptor, _ manifest: Manifest) {
    self.init(
      platform: platform, descriptor: descriptor, config: manifest.config,
      layers: manifest.blobs.filter { $0.digest != manifest.config.digest }.map(InspectedImage.Layer.init))
  }

  fileprivate mutating func take(_ sizes: [Digest: UnpackedSize]) {
    for index in layers.indices {
      if let size = sizes[layers[index].descriptor.digest] { layers[index].unpacked = size }
    }
  }
}
