import Crypto
import Kubernetes
import Serving
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who is logged in. A session holds what the API server said of a token, and never the token.
///
/// Sessions live in the memory of one process, so there is one replica; after a restart people log in again.
final class SessionBook: Sendable {
  struct Session: Sendable {
    let user: TokenReview.User
    /// When people have to log in again.
    let ends: Date
    fileprivate let number: Int
    fileprivate let until: ContinuousClock.Instant

    /// For people.
    var name: String { user.username ?? "" }
  }

  /// However long a token lives.
  static let longest = Duration.seconds(3600)
  static let mostSessions = 500
  /// Of one user; the oldest ends.
  static let mostOfUser = 10
  /// Pages that are told of changes: of all, and of one session.
  static let mostStreams = 64
  static let mostStreamsOfSession = 6

  private struct State {
    var sessions: [SHA256.Digest: Session] = [:]
    var last = 0
    /// By the number of the session.
    var streams: [Int: Int] = [:]
  }

  private let state = Mutex(State())
  private let metrics: PageMetrics

  init(metrics: PageMetrics) { self.metrics = metrics }

  /// - Returns: the id, for the cookie alone; nil when there are too many sessions.
  func begin(_ user: TokenReview.User, for lifetime: Duration, now: Date = Date()) -> (id: String, session: Session)? {
    let lifetime = min(lifetime, Self.longest)
    var generator = SystemRandomNumberGenerator()
    let id = (0..<4).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
    let session: Session? = state.withLock { state in
      Self.trim(&state)
      let own = state.sessions.filter { $0.value.user.username == user.username }
      if own.count >= Self.mostOfUser, let oldest = own.min(by: { $0.value.number < $1.value.number }) {
        state.sessions[oldest.key] = nil
      }
      guard state.sessions.count < Self.mostSessions else { return nil }
      state.last += 1
      let session = Session(
        user: user, ends: now.addingTimeInterval(lifetime / .seconds(1)), number: state.last, until: .now + lifetime)
      state.sessions[Self.key(id)] = session
      metrics.sessions.set(Double(state.sessions.count))
      return session
    }
    return session.map { (id, $0) }
  }

  func session(_ id: String) -> Session? {
    let key = Self.key(id)
    return state.withLock { state in
      guard let session = state.sessions[key], ContinuousClock.now < session.until else { return nil }
      return session
    }
  }

  func end(_ id: String) {
    state.withLock { state in
      state.sessions[Self.key(id)] = nil
      Self.trim(&state)
      metrics.sessions.set(Double(state.sessions.count))
    }
  }

  /// Counts a page of a session; false where that is one too many.
  func beginStream(_ session: Session) -> Bool {
    state.withLock { state in
      let all = state.streams.values.reduce(0, +)
      guard all < Self.mostStreams, state.streams[session.number, default: 0] < Self.mostStreamsOfSession else {
        return false
      }
      state.streams[session.number, default: 0] += 1
      metrics.streams.set(Double(all + 1))
      return true
    }
  }

  func endStream(_ session: Session) {
    state.withLock { state in
      let left = state.streams[session.number, default: 1] - 1
      state.streams[session.number] = left > 0 ? left : nil
      metrics.streams.set(Double(state.streams.values.reduce(0, +)))
    }
  }

  private static func trim(_ state: inout State) {
    let now = ContinuousClock.now
    state.sessions = state.sessions.filter { now < $0.value.until }
  }

  /// What is kept of an id, so that the time of a look-up tells nothing of it.
  private static func key(_ id: String) -> SHA256.Digest { SHA256.hash(data: Array(id.utf8)) }
}
