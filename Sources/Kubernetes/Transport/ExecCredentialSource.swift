import Networking
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The credentials of an exec plugin, kept until they expire or are refused; the program runs once for all who wait.
final class ExecCredentialSource: ClusterCredentialSource {
  private struct State {
    var credential: Credential?
    var expires: Date?
  }

  private let exec: ExecCredential
  private let clock: SystemClock
  private let state = Mutex(State())
  private let turn = ConcurrencyLimit(1)

  init(_ exec: ExecCredential, clock: SystemClock) {
    self.exec = exec
    self.clock = clock
  }

  func current() async throws -> Credential {
    if let kept { return kept }
    return try await turn.run {
      // A caller before this one may have fetched it.
      if let kept { return kept }
      let (credential, expires) = try await exec.fetch()
      state.withLock { $0 = State(credential: credential, expires: expires) }
      return credential
    }
  }

  func renew(after refused: Credential) async throws -> Bool {
    state.withLock { state in
      if state.credential == refused { state = State() }
    }
    return try await current() != refused
  }

  private var kept: Credential? {
    let now = clock.date()
    return state.withLock { state in
      if let expires = state.expires, expires <= now { return nil }
      return state.credential
    }
  }
}
