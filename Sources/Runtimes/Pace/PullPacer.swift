import ImageModel
import NIOCore
import Networking
import Synchronization
import Unpacking

/// Limits what all fast pulls of a node move: bytes that come from the network, and bytes that unpacking writes, together.
///
/// The limit may be changed while they run.
package final class PullPacer: Sendable {
  private struct State {
    var queue: PaceQueue
    var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    var lastTicket = 0
    /// A task looks after the queue.
    var isDriven = false
  }

  /// How soon a change of the limit is heeded at the latest by those who wait.
  private static let attention = Duration.milliseconds(50)

  private let clock: SystemClock
  private let state: Mutex<State>

  /// - Parameter bytesPerSecond: nil for no limit.
  package convenience init(bytesPerSecond: Int64?) { self.init(bytesPerSecond: bytesPerSecond, clock: .system) }

  init(bytesPerSecond: Int64?, clock: SystemClock) {
    self.clock = clock
    state = Mutex(State(queue: PaceQueue(bytesPerSecond: bytesPerSecond, now: clock.now())))
  }

  package func limit(to bytesPerSecond: Int64?) {
    state.withLock { $0.queue.limit(to: bytesPerSecond, now: clock.now()) }
  }

  /// Waits until so many bytes of a layer may be moved.
  func take(_ bytes: Int64, of layer: Digest) async throws {
    let ticket: Int? = state.withLock { state in
      if state.queue.bytesPerSecond == nil, state.queue.isEmpty { return nil }
      state.lastTicket += 1
      return state.lastTicket
    }
    guard let ticket else { return }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let isDriven = state.withLock { state in
          defer { state.isDriven = true }
          state.waiting[ticket] = continuation
          state.queue.enter(ticket, bytes, of: layer)
          return state.isDriven
        }
        // Who was cancelled before he stood in the queue was not found there.
        if Task.isCancelled { leave(ticket) }
        if !isDriven { Task { await drive() } }
      }
    } onCancel: {
      leave(ticket)
    }
  }

  private func leave(_ ticket: Int) {
    let continuation = state.withLock { state in
      state.queue.leave(ticket)
      return state.waiting.removeValue(forKey: ticket)
    }
    continuation?.resume(throwing: CancellationError())
  }

  /// Lets one after the other go on for as long as anybody waits.
  private func drive() async {
    while let delay = turn() {
      try? await clock.sleep(min(max(delay, .milliseconds(1)), Self.attention))
    }
  }

  private func turn() -> Duration? {
    let (granted, delay) = state.withLock { state in
      let granted = state.queue.grant(at: clock.now()).compactMap { state.waiting.removeValue(forKey: $0) }
      let delay = state.queue.delay
      if delay == nil { state.isDriven = false }
      return (granted, delay)
    }
    for continuation in granted { continuation.resume() }
    return delay
  }
}

extension PullPacer {
  /// Waits until what came of a layer may be followed by more.
  func received(_ buffers: [ByteBuffer], of layer: FastLayer) async throws {
    try await take(buffers.reduce(0) { $0 + Int64($1.readableBytes) }, of: layer.descriptor.digest)
  }

  /// Waits until more of a layer may be unpacked than so many compressed bytes. What they unpack to is not known before:
  /// that of ordinary layers is taken.
  func unpacks(_ bytes: Int64, of layer: FastLayer) async throws {
    let factor = layer.compression == .none ? 1 : ImageDiskRule.unpackedFactor
    try await take(Int64(Double(bytes) * factor), of: layer.descriptor.digest)
  }
}
