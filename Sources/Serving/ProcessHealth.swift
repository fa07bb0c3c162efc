import Synchronization

/// Whether the controller lives, and whether it is ready to work: what its probes ask.
///
/// A controller that stands by is ready: it would act at once if it were to lead.
package final class ProcessHealth: Sendable {
  private struct State {
    /// Parts, and why they are missing.
    var waiting: [(part: String, reason: String?)]
    var beats: [String: ContinuousClock.Instant] = [:]
  }

  private let state: Mutex<State>
  private let limit: Duration

  /// - Parameters:
  ///   - parts: what has to come before it is ready: `API server`.
  ///   - limit: how long a loop may be silent that once beat.
  package init(waitingFor parts: [String] = [], limit: Duration = .seconds(60)) {
    state = Mutex(State(waiting: parts.map { ($0, nil) }))
    self.limit = limit
  }

  /// A part is there.
  package func isReady(_ part: String) {
    state.withLock { state in state.waiting.removeAll { $0.part == part } }
  }

  /// A part is missing, again.
  ///
  /// - Parameter reason: a whole sentence.
  package func isWaiting(for part: String, because reason: String? = nil) {
    state.withLock { state in
      if let index = state.waiting.firstIndex(where: { $0.part == part }) {
        state.waiting[index].reason = reason ?? state.waiting[index].reason
      } else {
        state.waiting.append((part, reason))
      }
    }
  }

  /// A loop of the controller goes round; from now on it has to, at least once in the limit.
  package func beat(_ loop: String, at now: ContinuousClock.Instant = .now) {
    state.withLock { $0.beats[loop] = now }
  }

  /// A loop has ended, as it was meant to.
  package func ended(_ loop: String) {
    state.withLock { state in state.beats[loop] = nil }
  }

  /// Why it is not ready; nil when it is.
  package var unreadiness: String? {
    state.withLock { state in
      guard !state.waiting.isEmpty else { return nil }
      let parts = state.waiting.map { part, reason in reason.map { "\(part) (\($0))" } ?? part }
      return "waiting for \(parts.joined(separator: ", "))"
    }
  }

  /// Which loop hangs; nil when none does.
  package func illness(at now: ContinuousClock.Instant = .now) -> String? {
    let hanging = state.withLock { $0.beats.filter { $0.value.duration(to: now) > limit }.keys.sorted() }
    return hanging.isEmpty ? nil : "no sign of life for over \(limit) from \(hanging.joined(separator: ", "))"
  }
}
