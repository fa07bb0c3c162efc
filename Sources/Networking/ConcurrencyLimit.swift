import Synchronization

/// Lets a number of callers through at a time, the others in the order in which they came; waiting can be cancelled, and
/// may have a time limit.
package final class ConcurrencyLimit: Sendable {
  private struct State {
    var free: Int
    var lastNumber = 0
    var waiting: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
  }

  private let state: Mutex<State>

  package init(_ count: Int) {
    state = Mutex(State(free: count))
  }

  /// Runs `body` when there is a place.
  ///
  /// - Parameter limit: how long a place is waited for; for ever when nil.
  /// - Throws: `TimeLimitReached` when there was none in time, else what `body` throws.
  package func run<Result>(
    waitingAtMost limit: Duration? = nil, isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Result
  ) async throws -> Result {
    try await enter(within: limit)
    defer { leave() }
    return try await body()
  }

  /// Waits for a place, as `run` does; `leave` gives it back.
  package func enter(within limit: Duration? = nil) async throws {
    let number = state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isIn: Bool? = state.withLock { state in
          // Asked under the lock: the handler runs before or after, never between.
          if Task.isCancelled { return false }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.waiting.append((number, continuation))
          return nil
        }
        if isIn == true { continuation.resume() }
        if isIn == false { continuation.resume(throwing: CancellationError()) }
        guard isIn == nil, let limit else { return }
        timer = Task {
          guard (try? await Task.sleep(for: limit)) != nil else { return }
          giveUp(number, TimeLimitReached())
        }
      }
    } onCancel: {
      giveUp(number, CancellationError())
    }
  }

  /// Ends the wait of a caller that still waits; one that has its place keeps it.
  private func giveUp(_ number: Int, _ error: any Error) {
    let continuation = state.withLock { state in
      state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).continuation }
    }
    continuation?.resume(throwing: error)
  }

  package func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst().continuation
    }
    next?.resume()
  }
}
