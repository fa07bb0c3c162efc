import Synchronization

/// The ref of a blob that comes, held open so that a runtime which wants it too waits. It is given up when nothing comes.
final class Hold: Sendable {
  private struct State {
    var stream: WriteStream?
    var lastMove = ContinuousClock.now
    var isGivenUp = false
  }

  private let state: Mutex<State>

  init(_ stream: WriteStream?) { state = Mutex(State(stream: stream)) }

  var isHeld: Bool { state.withLock { $0.stream != nil } }
  /// Whether somebody else may write under the ref by now.
  var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

  /// Bytes have come.
  func moved() { state.withLock { $0.lastMove = .now } }

  /// Lets go of the ref, if it is held.
  func end() async {
    let stream = state.withLock { state in
      defer { state.stream = nil }
      return state.stream
    }
    await stream?.end()
  }

  /// Lets go once nothing has come for as long as this.
  func watch(patience: Duration) async {
    while !Task.isCancelled, isHeld {
      try? await Task.sleep(for: min(.seconds(1), patience))
      let rest = state.withLock { $0.lastMove.duration(to: .now) }
      guard rest > patience else { continue }
      state.withLock { $0.isGivenUp = true }
      return await end()
    }
  }
}
