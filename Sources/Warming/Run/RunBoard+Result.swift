extension RunBoard {
  /// What the run came to.
  func result(cleanup: CleanupOutcome, duration: Duration) -> RunResult {
    let state = machine.rolloutState
    return RunResult(
      coverage: state.coverage, images: images,
      nodes: state.nodes.map {
        RunResult.Node(name: $0.name, outcome: $0.outcome ?? .notDone, duration: $0.spent, pods: $0.pods)
      },
      skipped: skipped.sorted { $0.key < $1.key }.map { (node: $0.key, reason: $0.value) },
      unsupported: unsupported.sorted { $0.key < $1.key }.map { (node: $0.key, reason: $0.value) },
      duration: duration, cleanup: cleanup, stopped: state.stopped, retries: state.retries)
  }
}
