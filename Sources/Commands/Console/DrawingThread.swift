import Dispatch
import Synchronization

/// Calls a function ten times a second from a thread of its own, where a terminal that is slow or stopped keeps no task
/// waiting.
package final class DrawingThread: Sendable {
  private struct State {
    var isEnding = false
    var hasEnded = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private static let interval = DispatchTimeInterval.milliseconds(100)
  /// How long a terminal may take for the rest once the task that waits for it is cancelled.
  private static let endLimit = Duration.seconds(1)

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  /// - Parameter draw: may block. `isLast` tells the last call, after which the thread ends.
  package init(_ draw: @escaping @Sendable (_ isLast: Bool) -> Void) {
    DispatchQueue(label: "prepull.drawing").async { [self] in
      while true {
        let isLast = state.withLock { $0.isEnding }
        draw(isLast)
        if isLast { break }
        _ = wake.wait(timeout: .now() + Self.interval)
      }
      state.withLock { $0.hasEnded = true }
      release()
    }
  }

  /// Draws at once, for what should not wait for its turn.
  package func hurry() { wake.signal() }

  /// Draws a last time and waits until that is done; not for long when the task is cancelled.
  package func finish() async {
    state.withLock { $0.isEnding = true }
    wake.signal()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let hasEnded = state.withLock { state in
          if !state.hasEnded { state.waiter = continuation }
          return state.hasEnded
        }
        if hasEnded { continuation.resume() }
      }
    } onCancel: {
      Task {
        try? await Task.sleep(for: Self.endLimit)
        release()
      }
    }
  }

  private func release() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }
}
