/// What a test waited for and did not get.
package struct NeverHappened: Error, CustomStringConvertible {
  package let description: String
}

/// Waits until `body` gives a value, at the longest for `limit`; then it throws, and says what was awaited and where.
package func eventually<Value>(
  _ what: String = "what comes next", within limit: Duration = .seconds(60), file: String = #fileID, line: Int = #line,
  _ body: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try await body() { return value }
    guard ContinuousClock.now < deadline else { break }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw NeverHappened(description: "\(file):\(line) waited in vain for \(limit): \(what)")
}

/// Waits until `condition` holds, at the longest for `limit`; then it throws, and says what was awaited and where.
package func eventually(
  _ what: String = "what comes next", within limit: Duration = .seconds(60), file: String = #fileID, line: Int = #line,
  _ condition: () async throws -> Bool
) async throws {
  let _: Void = try await eventually(what, within: limit, file: file, line: line) { try await condition() ? () : nil }
}
