import Synchronization

/// What is known of a clean-up while it goes on: what is still there, and since when nobody answers.
final class CleanupProgress: Sendable {
  private struct State {
    var pods: [String] = []
    var isOwnerThere = true
    var reason: String?
    var silentSince: ContinuousClock.Instant?
  }

  private let owner: String
  private let state: Mutex<State>

  /// - Parameters:
  ///   - owner: the ConfigMap.
  ///   - pods: those that are known beforehand.
  init(owner: String, pods: [String]) {
    self.owner = owner
    state = Mutex(State(pods: pods.sorted()))
  }

  /// A request is on its way.
  func asks() { state.withLock { $0.silentSince = $0.silentSince ?? .now } }
  func isAnswered() {
    state.withLock {
      $0.silentSince = nil
      $0.reason = "they are still being deleted"
    }
  }
  func failed(_ reason: String) { state.withLock { $0.reason = reason } }
  func sees(_ pods: [String]) { state.withLock { $0.pods = pods.sorted() } }
  func ownerIsGone() { state.withLock { $0.isOwnerThere = false } }

  var silentSince: ContinuousClock.Instant? { state.withLock { $0.silentSince } }
  var reason: String { state.withLock { $0.reason } ?? "the API server does not answer" }
  var left: [String] {
    state.withLock { $0.pods.map { "pod/\($0)" } + ($0.isOwnerThere ? ["configmap/\(owner)"] : []) }
  }
}

/// Whether somebody asked for the end, and when.
final class StopRequest: Sendable {
  private let made = Mutex<ContinuousClock.Instant?>(nil)

  func make() { made.withLock { $0 = $0 ?? .now } }
  var since: ContinuousClock.Instant? { made.withLock { $0 } }
}
