import ImageModel
import Registry
import Runtimes
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Images that are only counted: what a pull takes is computed from the manifest's sizes, and nothing is transferred.
///
/// The registry's access rules hold, and of its faults those of status and of silence.
final class ModelledImages: ImageBackend {
  let place: RuntimeEndpoint? = nil
  let isModelled = true
  let keepsNames = false
  private let registry: EmbeddedRegistry
  private let platform: Platform
  private let sources: ModelledSources
  private let model: SandboxOptions.Model
  private let pace: Pace
  private let catalogue: ModelledCatalogue
  private let held = Mutex(Held())

  private struct Held {
    var images: [Reference: (image: HeldImage, blobs: [Descriptor])] = [:]
    /// How many images have a layer.
    var layers: [Digest: Int] = [:]

    /// - Returns: layers that came, and that went.
    mutating func set(
      _ reference: Reference, _ image: (image: HeldImage, blobs: [Descriptor])?
    ) -> (came: [Digest], went: [Digest]) {
      var (came, went): ([Digest], [Digest]) = ([], [])
      let former = images[reference]?.blobs ?? []
      images[reference] = image
      for blob in image?.blobs ?? [] {
        layers[blob.digest, default: 0] += 1
        if layers[blob.digest] == 1 { came.append(blob.digest) }
      }
      for blob in former {
        layers[blob.digest] = layers[blob.digest].flatMap { $0 > 1 ? $0 - 1 : nil }
        if layers[blob.digest] == nil { went.append(blob.digest) }
      }
      return (came, went)
    }
  }

  init(
    _ registry: EmbeddedRegistry, platform: Platform, sources: ModelledSources, model: SandboxOptions.Model, pace: Pace,
    catalogue: ModelledCatalogue
  ) {
    self.registry = registry
    self.platform = platform
    self.sources = sources
    self.model = model
    self.pace = pace
    self.catalogue = catalogue
  }

  func image(_ reference: Reference) -> HeldImage? { held.withLock { $0.images[reference]?.image } }
  func images() -> [HeldImage] { held.withLock { $0.images.values.map(\.image) } }
  func remove(_ reference: Reference) { set(reference, nil) }

  private func set(_ reference: Reference, _ image: (image: HeldImage, blobs: [Descriptor])?) {
    let (came, went) = held.withLock { $0.set(reference, image) }
    for layer in came { sources.note(layer, isHeld: true) }
    for layer in went { sources.note(layer, isHeld: false) }
  }

  func missingBytes(_ reference: Reference) -> Int64? {
    (try? catalogue.image(reference, platform: platform, in: registry)).map { missing($0) }
  }

  private func missing(_ image: ModelledCatalogue.Entry) -> Int64 { lacking(image).reduce(0) { $0 + $1.size } }

  private func lacking(_ image: ModelledCatalogue.Entry) -> [Descriptor] {
    held.withLock { held in image.blobs.filter { held.layers[$0.digest] == nil } }
  }

  func pull(_ reference: Reference, credential: RegistryCredential?) async throws -> HeldImage {
    try await pace.sleep(model.latency)
    var authorization: String?
    if case .basic(let username, let password) = credential {
      authorization = EmbeddedRegistry.basic(username, password)
    }
    guard reference.registry == registry.host || reference.registry == "localhost:\(registry.port)" else {
      throw PullFailure(.noSuchHost, pulling: reference)
    }
    guard registry.admits(authorization, to: reference.repository) else {
      throw PullFailure(.unauthorized, pulling: reference)
    }
    let path = "/v2/\(reference.repository)/manifests/\(reference.identifier)"
    switch registry.fault(for: RecordedRequest(method: "GET", path: path)) {
    case .status(let status, _, _): throw PullFailure(.init(status: status), pulling: reference)
    case .hang, .stall:
      try await pace.sleep(.seconds(30))
      throw PullFailure(.timedOut, pulling: reference)
    case .truncate: throw PullFailure(.truncated, pulling: reference)
    case .corrupt: throw PullFailure(.digestMismatch, pulling: reference)
    case .slow(let rate):
      let image = try catalogue.image(reference, platform: platform, in: registry)
      try await pace.sleep(.seconds(Double(missing(image)) / Double(max(1, rate))))
    default: break
    }
    let image = try catalogue.image(reference, platform: platform, in: registry)
    try await sources.transfer(lacking(image), rate: model.linkBandwidth)
    let result = HeldImage(reference: reference, digest: image.digest, id: image.id, sizeBytes: image.size)
    for name in [HeldImage.key(reference), reference.at(image.digest)] { set(name, (result, image.blobs)) }
    return result
  }
}

extension PullFailure {
  init(_ code: RegistryError.Code, pulling reference: Reference) {
    self.init(
      .init(
        .registry(code), endpoint: .init(kind: .oci, path: "/"), operation: "pull", subject: "", detail: code.rawValue,
        remedy: ""), pulling: reference)
  }
}

extension RegistryError.Code {
  fileprivate init(status: Int) {
    self =
      switch status {
      case 401: .unauthorized
      case 403: .denied
      case 404: .notFound
      case 429: .rateLimited
      default: .fault
      }
  }
}

/// The manifests of a registry, each read once for all nodes.
final class ModelledCatalogue: Sendable {
  struct Entry: Sendable {
    let digest: Digest
    let id: String
    let size: Int64
    let blobs: [Descriptor]
  }

  private struct Key: Hashable {
    let digest: Digest
    let platform: Platform
  }

  private let entries = Mutex<[Key: Entry]>([:])

  /// - Throws: ``PullFailure``: no such image, or none for the platform.
  func image(_ reference: Reference, platform: Platform, in registry: EmbeddedRegistry) throws -> Entry {
    guard let root = registry.stored(reference) else { throw PullFailure(.notFound, pulling: reference) }
    let key = Key(digest: root.digest, platform: platform)
    if let entry = entries.withLock({ $0[key] }) { return entry }
    var bytes = root.bytes
    if MediaType.isIndex(root.mediaType) {
      guard let index = try? JSONDecoder().decode(Index.self, from: Data(bytes)),
        let best = platform.best(in: index.images), let manifest = registry.stored(reference.at(best.digest))
      else { throw PullFailure(.noPlatform, pulling: reference) }
      bytes = manifest.bytes
    }
    guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes)) else {
      throw PullFailure(.unsupportedMediaType, pulling: reference)
    }
    let entry = Entry(
      digest: root.digest, id: manifest.config.digest.description, size: manifest.compressedSize, blobs: manifest.blobs)
    entries.withLock { $0[key] = entry }
    return entry
  }
}
