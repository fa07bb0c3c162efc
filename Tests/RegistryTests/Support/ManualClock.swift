import Foundation
import Registry
import Synchronization

/// A clock that only tests move: sleeping moves it at once, and is remembered.
final class ManualClock: Sendable {
  private struct State {
    var now = ContinuousClock.now
    var sleeps: [Duration] = []
  }

  private let state = Mutex(State())

  /// Dates that servers send are read against this.
  static let date = Date(timeIntervalSince1970: 784_111_777)  // Sun, 06 Nov 1994 08:49:37 GMT

  var sleeps: [Duration] { state.withLock { $0.sleeps } }

  func advance(by duration: Duration) {
    state.withLock { $0.now += duration }
  }

  var clock: RegistryClock {
    RegistryClock(
      now: { self.state.withLock { $0.now } },
      sleep: { duration in
        try Task.checkCancellation()
        self.state.withLock {
          $0.sleeps.append(duration)
          $0.now += duration
        }
      },
      date: { Self.date }, random: { 0.5 })
  }
}
