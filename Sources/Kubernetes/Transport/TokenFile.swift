import Networking
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A token in a file that somebody else replaces; it is read again at most once a minute, and when it is refused.
final class TokenFile: ClusterCredentialSource {
  private struct State {
    var token: String?
    var readAt: ContinuousClock.Instant?
  }

  private static let interval = Duration.seconds(60)

  private let path: String
  private let clock: SystemClock
  private let state: Mutex<State>

  init(path: String, fallback: String?, clock: SystemClock) {
    self.path = path
    self.clock = clock
    state = Mutex(State(token: fallback))
  }

  func current() throws -> Credential {
    let now = clock.now()
    return try state.withLock { state in
      if state.readAt.map({ now - $0 >= Self.interval }) ?? true { read(&state, now) }
      guard let token = state.token else {
        throw APIProblem(
          .credentials, "the token file \(path) cannot be read, or is empty",
          remedy: "Check the file and who may read it.")
      }
      return Credential(token: token)
    }
  }

  func renew(after refused: Credential) throws -> Bool {
    let now = clock.now()
    state.withLock { read(&$0, now) }
    return try current() != refused
  }

  /// A file that cannot be read just now leaves the last token in use.
  private func read(_ state: inout State, _ now: ContinuousClock.Instant) {
    state.readAt = now
    guard let data = FileContent.read(path) else { return }
    let text = String(decoding: data, as: UTF8.self)
    if let token = text.split(whereSeparator: \.isWhitespace).first { state.token = String(token) }
  }
}
