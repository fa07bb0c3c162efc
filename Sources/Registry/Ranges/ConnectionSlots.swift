/// Shares the connections to one registry among the blobs that are fetched from it: whoever has the fewest is next, and
/// of those the largest blob.
///
/// Invariant: all hold at most `limit` together, and nobody waits while one is free.
actor ConnectionSlots {
  private struct Waiter {
    let blob: Int
    let size: Int64
    let continuation: CheckedContinuation<Void, any Error>
  }

  private let limit: Int
  private var held: [Int: Int] = [:]
  private var waiting: [Int: Waiter] = [:]
  private var lastTicket = 0

  init(limit: Int) { self.limit = max(1, limit) }

  /// Waits for a connection for the blob; `release` gives it back.
  func acquire(for blob: Int, size: Int64) async throws {
    lastTicket += 1
    let ticket = lastTicket
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        waiting[ticket] = Waiter(blob: blob, size: size, continuation: continuation)
        grant()
      }
    } onCancel: {
      Task { await leave(ticket) }
    }
  }

  func release(for blob: Int) {
    let rest = (held[blob] ?? 1) - 1
    held[blob] = rest > 0 ? rest : nil
    grant()
  }

  private func leave(_ ticket: Int) {
    waiting.removeValue(forKey: ticket)?.continuation.resume(throwing: CancellationError())
  }

  private func grant() {
    while held.values.reduce(0, +) < limit {
      let next = waiting.min { left, right in
        let (mine, others) = (held[left.value.blob] ?? 0, held[right.value.blob] ?? 0)
        if mine != others { return mine < others }
        if left.value.size != right.value.size { return left.value.size > right.value.size }
        return left.key < right.key
      }
      guard let next else { return }
      waiting[next.key] = nil
      held[next.value.blob, default: 0] += 1
      next.value.continuation.resume()
    }
  }
}
