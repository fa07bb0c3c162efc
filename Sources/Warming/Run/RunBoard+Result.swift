extension RunBoard {
  /// What the run came to.
  func result(cleanup: CleanupOutcome, duration: Duration) -> RunResult {
    RunResult(
      coverage: machine.coverage, images: images,
      nodes: machine.reports.map {
        RunResult.Node(name: $0.name, outcome: $0.outcome ?? .notDone, duration: $0.spent, pods: $0.pods)
      },
      skipped: skipped.sorted { $0.key < $1.key }.map { (node: $0.key, reason: $0.value) },
      unsupported: unsupported.sorted { $0.key < $1.key }.map { (node: $0.key, reason: $0.value) },
      duration: duration, cleanup: cleanup, stopped: machine.stopped, retries: machine.retries)
  }
}
