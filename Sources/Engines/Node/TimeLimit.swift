/// The time limit of an operation was reached.
struct TimeLimitReached: Error {}

/// Runs `operation` and cancels it when `limit` is over.
///
/// - Throws: `TimeLimitReached` at the limit, which is not a cancellation; otherwise what `operation` throws.
func withTimeLimit<Result: Sendable>(
  _ limit: Duration, operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await operation() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let result = first else { throw TimeLimitReached() }
    return result
  }
}
