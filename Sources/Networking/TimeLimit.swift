/// The time limit of an operation was reached.
package struct TimeLimitReached: Error {
  package init() {}
}

/// Runs `body` for at most `limit` of real time, as what it waits for is real too, and cancels it then.
///
/// - Throws: `TimeLimitReached` at the limit, which is not a cancellation; otherwise what `body` throws.
package func withTimeLimit<Result: Sendable>(
  _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let result = first else { throw TimeLimitReached() }
    return result
  }
}
