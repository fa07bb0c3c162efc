import Foundation
import Kubernetes
import Synchronization

/// A clock that only tests move: sleeping moves it at once, and is remembered.
final class ManualClock: Sendable {
  private struct State {
    var now = ContinuousClock.now
    var passed = Duration.zero
    var sleeps: [Duration] = []
  }

  private let state = Mutex(State())
  private let start: Date

  init(start: Date = Date()) { self.start = start }

  var sleeps: [Duration] { state.withLock { $0.sleeps } }

  func advance(by duration: Duration) {
    state.withLock {
      $0.now += duration
      $0.passed += duration
    }
  }

  var clock: KubernetesClock {
    KubernetesClock(
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
