package import Foundation
package import Networking
import Synchronization

/// A clock that only tests move: sleeping moves it at once, and is remembered.
package final class ManualClock: Sendable {
  private struct State {
    var now = ContinuousClock.now
    var passed = Duration.zero
    var sleeps: [Duration] = []
  }

  /// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
  package static let exampleDate = Date(timeIntervalSince1970: 784_111_777)

  private let state = Mutex(State())
  private let start: Date

  package init(start: Date = Date()) { self.start = start }

  package var sleeps: [Duration] { state.withLock { $0.sleeps } }

  package func advance(by duration: Duration) {
    state.withLock {
      $0.now += duration
      $0.passed += duration
    }
  }

  package var clock: SystemClock {
    SystemClock(
      now: { self.state.withLock { $0.now } },
      sleep: { duration in
        try Task.checkCancellation()
        self.state.withLock { $0.sleeps.append(duration) }
        self.advance(by: duration)
        await Task.yield()
      },
      date: { self.start.addingTimeInterval(self.state.withLock { $0.passed } / .seconds(1)) }, random: { 0.5 })
  }
}
