import Synchronization

/// The ref of a blob that comes, held open so that a runtime which wants it too waits. It is given up when nothing comes.
final class Hold: Sendable {
  private struct State {
    var stream: WriteStream?
    var lastMove = ContinuousClock.now
  }

  private let ref: String
  private let store: ContainerdStore
  private let state: Mutex<State>

  /// - Parameter stream: nothing is written to it; `nil` where somebody else has the ref.
  init(_ stream: WriteStream?, of ref: String, in store: ContainerdStore) {
    self.ref = ref
    self.store = store
    state = Mutex(State(stream: stream))
  }

  var isHeld: Bool { state.withLock { $0.stream != nil } }

  /// Bytes have come.
  func moved() { state.withLock { $0.lastMove = .now } }

  /// Lets go of the ref, if it is held, also where the task was cancelled.
  func end() async {
    let stream = state.withLock { state in
      defer { state.stream = nil }
      return state.stream
    }
    guard let stream else { return }
    let (store, ref) = (store, ref)
    await Task {
      // While nobody else can write under it: the runtime is not to keep what is empty.
      try? await store.abort(ref)
      await stream.end()
    }.value
  }

  /// Lets go once nothing has come for as long as this.
  func watch(patience: Duration) async {
    while !Task.isCancelled, isHeld {
      try? await Task.sleep(for: min(.seconds(1), patience))
      let rest = state.withLock { $0.lastMove.duration(to: .now) }
      if rest > patience { return await end() }
    }
  }
}
