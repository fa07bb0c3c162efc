import Networking

/// One place for each key, made at need: who works on what, where two pulls want the same.
///
/// Invariant: a place is kept while somebody has it or waits for it.
actor KeyedSlots<Key: Hashable & Sendable> {
  private var slots: [Key: (place: ConcurrencyLimit, users: Int)] = [:]

  func acquire(_ key: Key) async throws {
    let slot = slots[key] ?? (ConcurrencyLimit(1), 0)
    slots[key] = (slot.place, slot.users + 1)
    do {
      try await slot.place.enter()
    } catch {
      drop(key)
      throw error
    }
  }

  func release(_ key: Key) {
    slots[key]?.place.leave()
    drop(key)
  }

  private func drop(_ key: Key) {
    guard let slot = slots[key] else { return }
    slots[key] = slot.users > 1 ? (slot.place, slot.users - 1) : nil
  }
}
