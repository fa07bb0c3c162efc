import Synchronization

/// The way from a registry to its readers: each has a link of its own, and all share the registry's.
///
/// Every transfer moves at its own link's rate or its even share of the registry's, whichever is less. Transfers of
/// equal link rate are kept together, so that a thousand of them cost no more than one.
final class SharedLink: Sendable {
  private struct Flow {
    let id: Int
    /// What its lane will have served when it is done.
    let finish: Double
    let done: CheckedContinuation<Void, any Error>
  }

  /// Transfers of one link rate.
  private struct Lane {
    let rate: Double
    /// Bytes that a transfer has got which was there from the start.
    var served = 0.0
    /// The first to finish is the last.
    private(set) var flows: [Flow] = []

    init(rate: Double) { self.rate = rate }

    mutating func insert(_ flow: Flow) {
      var (low, high) = (0, flows.count)
      while low < high {
        let middle = (low + high) / 2
        if flows[middle].finish > flow.finish { low = middle + 1 } else { high = middle }
      }
      flows.insert(flow, at: low)
    }

    mutating func remove(_ id: Int) -> Flow? {
      flows.firstIndex { $0.id == id }.map { flows.remove(at: $0) }
    }

    mutating func takeFinished() -> [Flow] {
      var finished: [Flow] = []
      while let next = flows.last, next.finish <= served {
        finished.append(next)
        flows.removeLast()
      }
      return finished
    }
  }

  private struct State {
    var lanes: [Int64: Lane] = [:]
    var count = 0
    var lastID = 0
    /// Begun and not in a lane yet; one that is cancelled meanwhile is taken out.
    var arriving: Set<Int> = []
    var time: ContinuousClock.Instant
    var bandwidth: Double?
  }

  private let pace: Pace
  private let state: Mutex<State>
  private let arrivals: AsyncStream<Void>
  private let arrived: AsyncStream<Void>.Continuation

  /// - Parameter bandwidth: of the registry, in bytes a second; nil for no limit.
  init(bandwidth: Int64?, pace: Pace) {
    state = Mutex(State(time: .now, bandwidth: bandwidth.map(Double.init)))
    self.pace = pace
    (arrivals, arrived) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Returns when `bytes` have come over a link of `rate` bytes a second. Needs `run`.
  func transfer(_ bytes: Int64, rate: Int64) async throws {
    guard bytes > 0 else { return }
    let id = state.withLock { state in
      state.lastID += 1
      state.arriving.insert(state.lastID)
      return state.lastID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        let isCancelled = state.withLock { state in
          if state.arriving.remove(id) == nil { return true }
          advance(&state)
          let served = state.lanes[rate]?.served ?? 0
          // In place: a copy would be one of all transfers under way.
          state.lanes[rate, default: Lane(rate: Double(max(1, rate)))]
            .insert(Flow(id: id, finish: served + Double(bytes), done: done))
          state.count += 1
          return false
        }
        if isCancelled { done.resume(throwing: CancellationError()) } else { arrived.yield() }
      }
    } onCancel: {
      cancel(id)
    }
  }

  /// From now on it carries so many bytes a second.
  func widen(to bandwidth: Int64) {
    state.withLock { state in
      advance(&state)
      state.bandwidth = Double(max(1, bandwidth))
    }
  }

  /// Transfers that are under way or about to begin.
  var load: Int { state.withLock { $0.arriving.count + $0.count } }

  private func cancel(_ id: Int) {
    let flow = state.withLock { state -> Flow? in
      advance(&state)
      for rate in Array(state.lanes.keys) {
        guard let flow = state.lanes[rate]?.remove(id) else { continue }
        state.count -= 1
        return flow
      }
      // It has not begun yet, or is done.
      state.arriving.remove(id)
      return nil
    }
    flow?.done.resume(throwing: CancellationError())
  }

  /// Moves the transfers on; ends when it is cancelled.
  func run() async {
    var iterator = arrivals.makeAsyncIterator()
    while await iterator.next() != nil {
      while !Task.isCancelled {
        let (finished, wait) = state.withLock { state in
          advance(&state)
          return (takeFinished(&state), nextFinish(state))
        }
        for flow in finished { flow.done.resume() }
        guard let wait else { break }
        // Not longer: a transfer that comes meanwhile may be done sooner.
        try? await Task.sleep(for: min(max(pace.scaled(.seconds(wait)), .milliseconds(1)), .milliseconds(10)))
      }
    }
    let left = state.withLock { state in
      defer { state.lanes = [:] }
      return state.lanes.values.flatMap(\.flows)
    }
    for flow in left { flow.done.resume(throwing: CancellationError()) }
  }

  private func rate(_ lane: Lane, _ state: State) -> Double {
    guard let bandwidth = state.bandwidth else { return lane.rate }
    return min(lane.rate, bandwidth / Double(max(1, state.count)))
  }

  private func advance(_ state: inout State) {
    let now = ContinuousClock.now
    let passed = (now - state.time) / .seconds(1) * pace.speed
    state.time = now
    for (key, lane) in state.lanes where !lane.flows.isEmpty {
      let served = lane.served + passed * rate(lane, state)
      state.lanes[key]?.served = served
    }
  }

  private func takeFinished(_ state: inout State) -> [Flow] {
    var finished: [Flow] = []
    for rate in Array(state.lanes.keys) { finished += state.lanes[rate]?.takeFinished() ?? [] }
    state.count -= finished.count
    return finished
  }

  /// Seconds of the cluster until the next transfer is done.
  private func nextFinish(_ state: State) -> Double? {
    state.lanes.values.compactMap { lane in
      lane.flows.last.map { ($0.finish - lane.served) / rate(lane, state) }
    }.min()
  }
}
