import Kubernetes
import ImageModel
import Registry

/// The images of one node and the disk that they are on; one pull at a time, as the kubelet has it by default.
actor NodeImages {
  struct Pulled: Sendable {
    let image: HeldImage
    /// Without the time that other pulls took before it.
    let duration: Duration
  }

  nonisolated let backend: any ImageBackend
  private let pace: Pace
  /// Bytes.
  private let disk: Int64
  private nonisolated let turnstile = ConcurrencyLimit(1)
  /// Pulls that succeeded, by the reference.
  private(set) var pulls: [Reference: Int] = [:]
  private var known: [Reference: (image: HeldImage, used: ContinuousClock.Instant)] = [:]
  /// Names and size of what is known, by digest: an image counts once, whatever it is called.
  private var contents: [Digest: (names: Int, size: Int64)] = [:]
  private var imageBytes: Int64 = 0
  /// Bytes that something else takes.
  private var filler: Int64 = 0

  init(_ backend: any ImageBackend, disk: Int64, pace: Pace) {
    self.backend = backend
    self.disk = disk
    self.pace = pace
  }

  /// Reads what is there from before.
  func load() async {
    for image in await backend.images() { note(image.reference, image) }
  }

  func image(_ reference: Reference) async -> HeldImage? {
    let image = await backend.image(reference)
    note(reference, image)
    return image
  }

  private func note(_ reference: Reference, _ image: HeldImage?) {
    if let before = known.removeValue(forKey: reference)?.image, let content = contents[before.digest] {
      contents[before.digest] = content.names > 1 ? (content.names - 1, content.size) : nil
      if content.names == 1 { imageBytes -= content.size }
    }
    guard let image else { return }
    known[reference] = (image, .now)
    let content = contents[image.digest]
    if content == nil { imageBytes += image.sizeBytes }
    contents[image.digest] = ((content?.names ?? 0) + 1, content?.size ?? image.sizeBytes)
  }

  var all: [HeldImage] { known.values.map(\.image) }
  var usedBytes: Int64 { filler + imageBytes }
  /// Share of the disk that is in use, in percent.
  var usage: Int { Int(usedBytes * 100 / max(1, disk)) }
  var availableBytes: Int64 { max(0, disk - usedBytes) }

  /// Something else takes all of the disk but `free` bytes; nil takes that back.
  func fill(leaving free: Int64?) {
    filler = free.map { max(0, disk - imageBytes - $0) } ?? 0
  }

  /// Bytes to free to come from the limit at which garbage is collected (85 %) down to the one where that ends (80 %).
  var surplus: Int64? { usage >= 85 ? usedBytes - disk * 80 / 100 : nil }

  func pull(_ reference: Reference, credential: RegistryCredential?) async throws -> Pulled {
    try await turnstile.run {
      let start = ContinuousClock.now
      if let missing = await backend.missingBytes(reference), missing > availableBytes {
        throw PullFailure.noSpace(reference)
      }
      let image = try await backend.pull(reference, credential: credential)
      let elapsed = backend.isModelled ? pace.elapsed(since: start) : ContinuousClock.now - start
      let kept = try await keep(image)
      pulls[reference, default: 0] += 1
      return Pulled(image: kept, duration: elapsed)
    }
  }

  private func keep(_ image: HeldImage) async throws -> HeldImage {
    note(image.reference, image)
    guard usedBytes > disk else { return image }
    await remove(image.reference)
    throw PullFailure.noSpace(image.reference)
  }

  /// Deletes everything.
  func clear() async {
    for reference in known.keys { await remove(reference) }
  }

  func remove(_ reference: Reference) async {
    note(reference, nil)
    await backend.remove(reference)
  }

  /// Deletes images that are not in use, the one used longest ago first, until `bytes` are free.
  ///
  /// - Returns: bytes that became free.
  func collectGarbage(_ bytes: Int64, inUse: Set<Digest>) async -> Int64 {
    let before = usedBytes
    let candidates = known.values.filter { !inUse.contains($0.image.digest) }.sorted { $0.used < $1.used }
    for (image, _) in candidates where before - usedBytes < bytes { await remove(image.reference) }
    return before - usedBytes
  }
}

extension PullFailure {
  static func noSpace(_ reference: Reference) -> PullFailure {
    PullFailure(
      message: "failed to pull and unpack image \"\(reference)\": failed to copy: write: no space left on device")
  }
}
