/// Lets a bounded number of tasks work at once, in the order in which they came.
///
/// Invariant: at most `limit` hold a slot, and nobody waits while one is free.
actor WorkSlots {
  private let limit: Int
  private var held = 0
  private var waiting: [(ticket: Int, continuation: CheckedContinuation<Void, any Error>)] = []
  private var lastTicket = 0

  init(limit: Int) { self.limit = max(1, limit) }

  /// Waits for a slot; `release` gives it back.
  func acquire() async throws {
    lastTicket += 1
    let ticket = lastTicket
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        waiting.append((ticket, continuation))
        grant()
      }
    } onCancel: {
      Task { await leave(ticket) }
    }
  }

  func release() {
    held -= 1
    grant()
  }

  private func grant() {
    while held < limit, !waiting.isEmpty {
      held += 1
      waiting.removeFirst().continuation.resume()
    }
  }

  private func leave(_ ticket: Int) {
    guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return }
    waiting.remove(at: index).continuation.resume(throwing: CancellationError())
  }
}

/// One slot for each key, taken at need: who works on what, where two pulls want the same.
actor KeyedSlots<Key: Hashable & Sendable> {
  private var slots: [Key: (slot: WorkSlots, users: Int)] = [:]

  func acquire(_ key: Key) async throws {
    let slot = slots[key]?.slot ?? WorkSlots(limit: 1)
    slots[key] = (slot, (slots[key]?.users ?? 0) + 1)
    do {
      try await slot.acquire()
    } catch {
      leave(key)
      throw error
    }
  }

  func release(_ key: Key) async {
    await slots[key]?.slot.release()
    leave(key)
  }

  private func leave(_ key: Key) {
    guard let entry = slots[key] else { return }
    slots[key] = entry.users > 1 ? (entry.slot, entry.users - 1) : nil
  }
}
