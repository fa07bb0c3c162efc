/// An operation took longer than it may.
struct TimeLimitExceeded: Error {}

/// Runs `body` for at most `limit` of real time, as what it waits for is real too, and cancels it then.
func withTimeLimit<Result: Sendable>(
  _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let result = try await group.next(), let result else { throw TimeLimitExceeded() }
    return result
  }
}
