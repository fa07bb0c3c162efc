import ImageModel
package import Registry
import Synchronization

/// Measures how fast a registry's bytes come to this machine: a sample of what nodes will see, no more.
///
/// It reads the largest layers of some images, in whole or in part, and keeps nothing of them.
package struct BandwidthProbe: Sendable {
  package struct Measurement: Hashable, Sendable {
    /// Read altogether.
    package let bytes: Int64
    /// In which they came, without the time before the first of each layer.
    package let duration: Duration
    /// Of one small question and its answer, the quickest of some.
    package let requestTime: Duration

    /// Bytes a second; nil when too little was read to tell.
    package var bandwidth: Double? {
      let seconds = duration / .seconds(1)
      return bytes >= BandwidthProbe.leastBytes && seconds > 0 ? Double(bytes) / seconds : nil
    }
  }

  /// With fewer bytes, what is measured are buffers.
  package static let leastBytes: Int64 = 1 << 18

  private let client: RegistryClient
  private let maxBytes: Int64
  private let maxDuration: Duration

  /// - Parameters:
  ///   - maxBytes: to read at most; up to the size of one network buffer more may have come.
  ///   - maxDuration: of all reading.
  package init(_ client: RegistryClient, maxBytes: Int64 = 64 << 20, maxDuration: Duration = .seconds(10)) {
    self.client = client
    self.maxBytes = maxBytes
    self.maxDuration = maxDuration
  }

  /// Reads layer after layer, the largest first, until one of the bounds is reached or all were read.
  ///
  /// - Returns: nil when the images have no layers.
  /// - Throws: `RegistryError` when not a byte could be read, or `CancellationError`.
  package func measure(_ images: [ResolvedImage]) async throws -> Measurement? {
    var seen: Set<Digest> = []
    let layers = images.flatMap { image in image.manifest.layers.map { (layer: $0, reference: image.reference) } }
      .filter { seen.insert($0.layer.digest).inserted }.sorted { $0.layer.size > $1.layer.size }
    guard let first = layers.first, let image = images.first(where: { $0.reference == first.reference }) else {
      return nil
    }
    let meter = Meter(limit: maxBytes)
    let requestTime = try await requestTime(of: image)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for (layer, reference) in layers where !meter.isFull {
          try await client.sample(layer, of: reference, begin: meter.begin) { !meter.add($0) }
        }
      }
      group.addTask { try await Task.sleep(for: maxDuration) }
      defer { group.cancelAll() }
      do {
        _ = try await group.next()
      } catch {
        // What came before is a measurement too.
        if Task.isCancelled || meter.reading.bytes == 0 { throw error }
      }
    }
    try Task.checkCancellation()
    let reading = meter.reading
    return Measurement(bytes: reading.bytes, duration: reading.duration, requestTime: requestTime)
  }

  /// The first question pays for the connection and the token.
  private func requestTime(of image: ResolvedImage) async throws -> Duration {
    var best: Duration?
    for _ in 0..<3 {
      let start = ContinuousClock.now
      _ = try await client.resolve(image.reference.at(image.descriptor.digest))
      let time = ContinuousClock.now - start
      best = min(best ?? time, time)
      // A registry that is slow to answer is asked no more than needed.
      if time > .seconds(2) { break }
    }
    return best ?? .zero
  }

}

/// Adds up what comes; asked from the task that reads and from the one that waits.
private final class Meter: Sendable {
  private struct State {
    var bytes: Int64 = 0
    var duration = Duration.zero
    var since = ContinuousClock.now
  }

  private let limit: Int64
  private let state = Mutex(State())

  init(limit: Int64) { self.limit = limit }

  var isFull: Bool { state.withLock { $0.bytes >= limit } }
  var reading: (bytes: Int64, duration: Duration) { state.withLock { ($0.bytes, $0.duration) } }

  func begin() { state.withLock { $0.since = .now } }

  /// - Returns: whether that is enough.
  func add(_ bytes: Int) -> Bool {
    state.withLock { state in
      let now = ContinuousClock.now
      state.bytes += Int64(bytes)
      state.duration += now - state.since
      state.since = now
      return state.bytes >= limit
    }
  }
}
