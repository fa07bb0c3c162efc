import ImageModel
import Synchronization

/// Adds up the progress of several blobs to that of one image, which never goes back.
final class ProgressMeter: Sendable {
  private struct State {
    var progress: PullProgress
    var reached: [Digest: Int64] = [:]
  }

  private let state: Mutex<State>
  private let report: @Sendable (PullProgress) -> Void

  init(total: Int64?, report: @escaping @Sendable (PullProgress) -> Void) {
    let begin = PullProgress(phase: .waiting, totalBytes: total)
    self.report = report
    state = Mutex(State(progress: begin))
    report(begin)
  }

  func enter(_ phase: PullProgress.Phase) {
    update { $0.progress.phase = max($0.progress.phase, phase) }
  }

  /// So many bytes of the blob are on the disk. Fewer than before, as after a restart, change nothing.
  func reach(_ bytes: Int64, of digest: Digest) {
    update { state in
      let before = state.reached[digest] ?? 0
      guard bytes > before else { return }
      state.reached[digest] = bytes
      state.progress.completedBytes += bytes - before
    }
  }

  /// Takes over the progress of another who goes on with the same image, where he is further.
  func advance(to progress: PullProgress) {
    update { state in
      state.progress.phase = max(state.progress.phase, progress.phase)
      state.progress.completedBytes = max(state.progress.completedBytes, progress.completedBytes)
      state.progress.totalBytes = progress.totalBytes ?? state.progress.totalBytes
    }
  }

  /// Reports under the lock, so that the reports come in order.
  private func update(_ change: (inout State) -> Void) {
    state.withLock { state in
      let before = state.progress
      change(&state)
      if state.progress != before { report(state.progress) }
    }
  }
}
