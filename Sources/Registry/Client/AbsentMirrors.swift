import Networking
import Synchronization

/// Mirrors that could not be reached, why, and until when they are passed by.
final class AbsentMirrors: Sendable {
  private static let absence = Duration.seconds(60)

  private let clock: SystemClock
  private let entries = Mutex<[HostAddress: (problem: RegistryProblem, until: ContinuousClock.Instant)]>([:])

  init(clock: SystemClock) {
    self.clock = clock
  }

  /// What kept a mirror from being reached a short time ago.
  func problem(of endpoint: Endpoint) -> RegistryProblem? {
    let now = clock.now()
    guard endpoint.isMirror, let entry = entries.withLock({ $0[endpoint.address] }) else { return nil }
    return now < entry.until ? entry.problem : nil
  }

  func note(_ problem: RegistryProblem, of endpoint: Endpoint) {
    let now = clock.now()
    guard [.noSuchHost, .refused, .unreachable, .timedOut, .tls].contains(problem.code) else { return }
    entries.withLock { entries in
      if let entry = entries[endpoint.address], now < entry.until { return }
      entries[endpoint.address] = (problem, now.advanced(by: Self.absence))
    }
  }
}
