import Logging
import Networking
import Synchronization

#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// What the API server's clock shows, by the `Date` header of its last answer; refusals have one too.
///
/// Right to about a second. A clock that is wrong on this machine, or set while we run, changes nothing.
final class ServerClock: Sendable {
  private struct State {
    var last: (date: Date, at: ContinuousClock.Instant)?
    var hasWarned = false
  }

  private let state = Mutex(State())

  /// Takes in the header of an answer that came now.
  func note(_ header: String?, at now: ContinuousClock.Instant) {
    // The second had begun when the server wrote it.
    guard let date = header.flatMap(HTTPDate.parse)?.addingTimeInterval(0.5) else { return }
    state.withLock { $0.last = (date, now) }
  }

  /// Nil until an answer had a date.
  func date(at now: ContinuousClock.Instant) -> Date? {
    state.withLock { $0.last }.map { $0.date.addingTimeInterval($0.at.duration(to: now) / .seconds(1)) }
  }

  /// Whether it is the first time that this is asked.
  func isFirstWarning() -> Bool {
    state.withLock { state in
      defer { state.hasWarned = true }
      return !state.hasWarned
    }
  }
}

extension KubernetesClient {
  /// How long a server is waited for that has not answered anything yet.
  private static let dateLimit = Duration.seconds(10)

  /// The date by the API server's clock, as its answers state it; this machine's, with a warning, where none does.
  ///
  /// Asks only when nothing has been answered yet, once, and whatever the answer is: it never waits for long.
  package func serverDate() async -> Date {
    if let date = serverClock.date(at: clock.now()) { return date }
    let request = APIRequest(get: "/version")
    do {
      _ = try await counting(request) {
        let answer = try await transport.call(request, within: Self.dateLimit, upTo: Self.largestAnswer)
        return (answer.response.status, answer)
      }
    } catch {
      logger.debug("the server's time is not known", metadata: ["error": "\(error)"])
    }
    if let date = serverClock.date(at: clock.now()) { return date }
    if serverClock.isFirstWarning() {
      logger.warning("the API server does not state its time; this machine's clock is used")
    }
    return clock.date()
  }
}
