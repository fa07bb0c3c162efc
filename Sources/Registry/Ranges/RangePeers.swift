import Synchronization

/// How fast the connections to one registry are, so that one that lags far behind the others can be given up.
///
/// A connection may be caught on a bad path or a bad server of many; a new one as a rule is not.
final class RangePeers: Sendable {
  private struct Peer {
    let start: ContinuousClock.Instant
    var bytes: Int64 = 0
    var isSlow = false
    var cancel: @Sendable () -> Void = {}

    /// Bytes a second since its start.
    func rate(at now: ContinuousClock.Instant) -> Double {
      Double(bytes) / max(0.001, start.duration(to: now) / .seconds(1))
    }
  }

  private struct State {
    var peers: [Int: Peer] = [:]
    /// Those that came to their end, with their rates.
    var ended: [(end: ContinuousClock.Instant, rate: Double)] = []
    var last = 0
  }

  /// How long those that ended are remembered.
  private static let memory = Duration.seconds(10)

  /// A younger one is not judged.
  private let youth: Duration
  private let state = Mutex(State())

  init(youth: Duration) { self.youth = youth }

  /// Runs one connection's work, which may be cancelled for being slow.
  ///
  /// - Parameter work: gets what it is to call with the bytes that came.
  /// - Returns: `false` when it was cancelled for being slow.
  func run(_ work: @escaping @Sendable (@escaping @Sendable (Int64) -> Void) async throws -> Void) async throws -> Bool
  {
    let number = state.withLock { state in
      state.last += 1
      return state.last
    }
    // Before the work begins, which counts its bytes here.
    state.withLock { $0.peers[number] = Peer(start: .now) }
    let task = Task { try await work { bytes in self.state.withLock { $0.peers[number]?.bytes += bytes } } }
    state.withLock { $0.peers[number]?.cancel = { task.cancel() } }
    defer { state.withLock { _ = $0.peers.removeValue(forKey: number) } }
    do {
      try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        task.cancel()
      }
      remember(number)
      return true
    } catch is CancellationError where state.withLock({ $0.peers[number]?.isSlow ?? false }) && !Task.isCancelled {
      return false
    }
  }

  private func remember(_ number: Int) {
    state.withLock { state in
      guard let peer = state.peers[number] else { return }
      if state.ended.count == 32 { state.ended.removeFirst() }
      state.ended.append((.now, peer.rate(at: .now)))
    }
  }

  /// Cancels the slowest, where it is slower than a quarter of the median of all, those that ended lately included: the
  /// last one of a blob has no others beside it. One at a time, so that a link that is slow for all is left alone.
  func judge(at now: ContinuousClock.Instant = .now) {
    let cancel: (@Sendable () -> Void)? = state.withLock { state in
      state.ended.removeAll { $0.end.duration(to: now) > Self.memory }
      let grown = state.peers.filter { $0.value.start.duration(to: now) >= youth && !$0.value.isSlow }.mapValues {
        $0.rate(at: now)
      }
      let all = (state.ended.map(\.rate) + grown.values).sorted()
      guard all.count >= 3, let slowest = grown.min(by: { $0.value < $1.value }), slowest.value < all[all.count / 2] / 4
      else { return nil }
      state.peers[slowest.key]?.isSlow = true
      return state.peers[slowest.key]?.cancel
    }
    cancel?()
  }
}
