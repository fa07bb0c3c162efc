import NIOPosix

/// Runs blocking work on files away from the threads that run tasks.
enum FileWork {
  /// Runs `work` on a thread for blocking calls; when the task is cancelled before it began, it does not begin.
  static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(work)
  }

  /// Runs `work` even when the task is cancelled: for what has to be put in order afterwards.
  static func runAnyway<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await Task { try await run(work) }.value
  }
}
