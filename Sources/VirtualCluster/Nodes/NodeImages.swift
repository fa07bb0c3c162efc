import ImageModel
import Networking
import Registry

/// The images of one node and the disk that they are on; one pull at a time, as the kubelet has it by default.
///
/// Names are kept as containerd's store keeps them: a pull by tag adds the tag and `repository@digest`, a tag that moves
/// leaves the old content its digest, and content goes with all of its names.
actor NodeImages {
  struct Pulled: Sendable {
    let image: HeldImage
    /// Without the time that other pulls took before it.
    let duration: Duration
  }

  private struct Content {
    var names: Set<Reference>
    let size: Int64
    var used: ContinuousClock.Instant
  }

  nonisolated let backend: any ImageBackend
  private let pace: Pace
  nonisolated let diskBytes: Int64
  private nonisolated let turnstile = ConcurrencyLimit(1)
  /// Pulls that succeeded, by the reference.
  private(set) var pulls: [Reference: Int] = [:]
  private var known: [Reference: HeldImage] = [:]
  /// By the identifier: content counts once, whatever it is called.
  private var contents: [String: Content] = [:]
  private var imageBytes: Int64 = 0
  /// Bytes that something else takes.
  private var filler: Int64 = 0
  private var records = PullRecords()

  init(_ backend: any ImageBackend, disk: Int64, pace: Pace) {
    self.backend = backend
    diskBytes = disk
    self.pace = pace
  }

  /// Reads what is there from before.
  func load() async {
    for image in await backend.images() { note(image) }
  }

  func image(_ reference: Reference) async -> HeldImage? {
    let key = HeldImage.key(reference)
    guard let found = await backend.image(key) else {
      // A virtual disk forgets what an old digest was; the node does not.
      if backend.keepsNames || key.digest == nil { drop(key) }
      return known[key].map { named($0, reference) }
    }
    note(found)
    return named(found, reference)
  }

  /// The image as it is called on this node now.
  private func named(_ image: HeldImage, _ reference: Reference) -> HeldImage {
    HeldImage(
      reference: reference, digest: image.digest, id: image.id, sizeBytes: image.sizeBytes,
      names: image.names.isEmpty ? HeldImage.sorted(contents[image.id]?.names ?? []) : image.names)
  }

  private func note(_ image: HeldImage) {
    let names = backend.keepsNames ? [] : [image.reference.at(image.digest)]
    for name in [HeldImage.key(image.reference)] + names {
      if let before = known[name], before.id != image.id { drop(name) }
      known[name] = image
      if contents[image.id] == nil {
        contents[image.id] = Content(names: [], size: image.sizeBytes, used: .now)
        imageBytes += image.sizeBytes
      }
      contents[image.id]?.names.insert(name)
    }
    contents[image.id]?.used = .now
  }

  /// The name means nothing any longer; content goes with its last one.
  private func drop(_ name: Reference) {
    guard let image = known.removeValue(forKey: name), var content = contents[image.id] else { return }
    content.names.remove(name)
    contents[image.id] = content.names.isEmpty ? nil : content
    guard content.names.isEmpty else { return }
    imageBytes -= content.size
    records.forget(image.id)
  }

  /// Every content once, by each of its tags; by its digest where it has none.
  var all: [HeldImage] {
    contents.values.flatMap { content in
      let tags = content.names.filter { $0.digest == nil }
      return (tags.isEmpty ? content.names : tags).compactMap { name in known[name].map { named($0, name) } }
    }
  }

  var usedBytes: Int64 { filler + imageBytes }
  /// Share of the disk that is in use, in percent.
  var usage: Int { Int(usedBytes * 100 / max(1, diskBytes)) }
  var availableBytes: Int64 { max(0, diskBytes - usedBytes) }

  /// Something else takes all of the disk but `free` bytes; nil takes that back.
  func fill(leaving free: Int64?) {
    filler = free.map { max(0, diskBytes - imageBytes - $0) } ?? 0
  }

  /// Bytes to free to come from the limit at which garbage is collected (85 %) down to the one where that ends (80 %).
  var surplus: Int64? { usage >= 85 ? usedBytes - diskBytes * 80 / 100 : nil }

  // MARK: Pulls

  /// - Parameter secret: whose credential it is.
  func pull(
    _ reference: Reference, credential: RegistryCredential?, of secret: PullRecords.Secret? = nil
  ) async throws -> Pulled {
    try await turnstile.run {
      let start = ContinuousClock.now
      if let missing = await backend.missingBytes(reference), missing > availableBytes {
        throw PullFailure.noSpace(reference)
      }
      let image = try await backend.pull(reference, credential: credential)
      let elapsed = backend.isModelled ? pace.elapsed(since: start) : ContinuousClock.now - start
      let kept = try await keep(image)
      pulls[reference, default: 0] += 1
      records.note(kept.id, repository: reference.name, with: secret)
      return Pulled(image: kept, duration: elapsed)
    }
  }

  private func keep(_ image: HeldImage) async throws -> HeldImage {
    let isNew = contents[image.id] == nil
    note(image)
    guard isNew, usedBytes > diskBytes else { return named(image, image.reference) }
    await remove(image.reference)
    throw PullFailure.noSpace(image.reference)
  }

  /// Whether a pod with these secrets may use an image that is there, without asking the registry.
  func admits(_ image: HeldImage, _ secrets: [PullRecords.Secret]) -> Bool {
    records.admits(image.id, repository: image.reference.name, secrets)
  }

  /// An image gets there past the kubelet, as an agent or `ctr` brings it: it has no record.
  func preload(_ reference: Reference, credential: RegistryCredential?) async throws -> HeldImage {
    let image = try await backend.pull(reference, credential: credential)
    return try await keep(image)
  }

  // MARK: Removal

  /// Deletes everything.
  func clear() async {
    for name in Array(known.keys) { await remove(name) }
  }

  /// Deletes the content that a name stands for, with all its names, as the kubelet does it.
  func remove(_ reference: Reference) async {
    let key = HeldImage.key(reference)
    guard let id = known[key]?.id, let names = contents[id]?.names else { return await backend.remove(key) }
    for name in names {
      drop(name)
      await backend.remove(name)
    }
  }

  /// Deletes images that are not in use, the one used longest ago first, until `bytes` are free.
  ///
  /// - Returns: bytes that became free.
  func collectGarbage(_ bytes: Int64, inUse: Set<String>) async -> Int64 {
    let before = usedBytes
    let candidates = contents.filter { !inUse.contains($0.key) }.values.sorted { $0.used < $1.used }
    for content in candidates where before - usedBytes < bytes {
      if let name = content.names.first { await remove(name) }
    }
    return before - usedBytes
  }
}

extension PullFailure {
  static func noSpace(_ reference: Reference) -> PullFailure {
    PullFailure(
      message: "failed to pull and unpack image \"\(reference)\": failed to copy: write: no space left on device")
  }
}
