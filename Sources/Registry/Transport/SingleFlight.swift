/// Runs one operation per key at a time, and gives its result to all who asked for it meanwhile.
///
/// A caller who is cancelled leaves at once; the operation is cancelled when nobody waits for it any more.
/// Invariant: a key has a flight exactly while its operation runs and somebody waits for it.
package actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
  private struct Flight {
    let number: Int
    let task: Task<Void, Never>
    var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
  }

  private var flights: [Key: Flight] = [:]
  private var lastNumber = 0

  package init() {}

  package func value(for key: Key, _ operation: @escaping @Sendable () async throws -> Value) async throws -> Value {
    lastNumber += 1
    let caller = lastNumber
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        if flights[key] == nil {
          let task = Task {
            let result: Result<Value, any Error>
            do { result = .success(try await operation()) } catch { result = .failure(error) }
            land(key, number: caller, result)
          }
          flights[key] = Flight(number: caller, task: task)
        }
        flights[key]?.waiting[caller] = continuation
      }
    } onCancel: {
      Task { await leave(key, caller: caller) }
    }
  }

  private func land(_ key: Key, number: Int, _ result: Result<Value, any Error>) {
    guard let flight = flights[key], flight.number == number else { return }
    flights[key] = nil
    for continuation in flight.waiting.values { continuation.resume(with: result) }
  }

  private func leave(_ key: Key, caller: Int) {
    guard let continuation = flights[key]?.waiting.removeValue(forKey: caller) else { return }
    continuation.resume(throwing: CancellationError())
    if let flight = flights[key], flight.waiting.isEmpty {
      flight.task.cancel()
      flights[key] = nil
    }
  }
}
