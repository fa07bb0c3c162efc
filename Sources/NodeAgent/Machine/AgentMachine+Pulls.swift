import PrepullAPI
import Runtimes

extension AgentMachine {
  /// Whether nothing may be added to the disk.
  var isUnderPressure: Bool { node?.hasDiskPressure == true || excess > 0 }

  /// Bytes above what the rule of the disk allows.
  var excess: Int64 { disk?.taken.map { settings.diskRule.excess(used: $0.used, capacity: $0.capacity) } ?? 0 }

  /// Bytes that a further pull may take; nil where that is not known.
  private var room: Int64? {
    guard let disk = disk?.taken else { return nil }
    return max(0, settings.diskRule.ceiling(of: disk.capacity) - disk.used - pulls.values.reduce(0) { $0 + $1.bytes })
  }

  /// Begins what may begin, and ends what must end.
  mutating func pull(_ now: Duration) -> [AgentAction] {
    var actions: [AgentAction] = []
    let pressure = isUnderPressure
    for (name, pull) in pulls.sorted(by: { $0.key < $1.key }) where !pull.isCancelled {
      guard pressure || !isWanted(name) else { continue }
      pulls[name]?.isCancelled = true
      actions.append(.cancel(image: name))
    }
    guard !pressure else { return actions }
    for entry in inOrder {
      guard pulls.count < settings.parallelism else { break }
      guard let reference = entry.reference, pulls[entry.name] == nil, needsPull(entry, now) else { continue }
      if let bytes = entry.bytes, let room, bytes > room { continue }
      pulls[entry.name] = Pull(
        text: entry.wish.image, bytes: entry.bytes ?? 0, purpose: entry.purpose,
        isRemovable: entry.wish.removal == "Unused")
      entries[entry.wish.image]?.retryAt = nil
      let timeout = entry.wish.timeoutSeconds.map { Duration.seconds($0) } ?? settings.timeout
      actions.append(
        .pull(
          PullTask(
            image: entry.name, reference: reference, timeout: timeout, refreshes: entry.digest != nil, room: room)))
    }
    return actions
  }

  private func needsPull(_ entry: ImageEntry, _ now: Duration) -> Bool {
    if let retryAt = entry.retryAt, retryAt > now { return false }
    return switch entry.state {
    case .pending, .lost: true
    case .warm: entry.needsRefresh
    case .failed: false
    }
  }

  /// Whether an image waits for the disk.
  func waitsForDisk(_ entry: ImageEntry) -> Bool {
    guard entry.state == .pending || entry.state == .lost || entry.state == .warm && entry.needsRefresh else {
      return false
    }
    if isUnderPressure { return true }
    guard pulls[entry.name] == nil, let bytes = entry.bytes, let room else { return false }
    return bytes > room
  }

  mutating func ended(_ name: String, _ outcome: PullOutcome, _ now: Duration) {
    guard let pull = pulls.removeValue(forKey: name) else { return }
    if case .warm(let warm) = outcome, warm.isPulled {
      memory.items[name, default: .init()].isPulled = true
      memory.items[name]?.isRemovable = pull.isRemovable
      if !isWanted(name), unwanted[name] == nil { unwanted[name] = now }
    }
    for (text, entry) in entries where entry.name == name { entries[text] = settled(entry, pull, outcome, now) }
  }

  private mutating func settled(
    _ old: ImageEntry, _ pull: Pull, _ outcome: PullOutcome, _ now: Duration
  ) -> ImageEntry {
    var entry = old
    switch outcome {
    case .warm(let warm):
      entry.becomeWarm(warm.digest, at: now, text: text(now))
      entry.refreshed = pull.purpose
      entry.bytes = nil
      if warm.isPulled {
        (entry.pullSeconds, entry.pulledBytes, entry.pulledBy) = (warm.seconds, warm.bytes, warm.way)
        // Another image may be behind the reference now.
        entry.isPinned = false
        entry.pulledAt = now
        if entry.listed != nil { isListDue = true }
      }
    case .noRoom(let bytes): entry.bytes = bytes
    case .cancelled: break
    case .failed(let reason, let message):
      (entry.reason, entry.message) = (reason, message)
      // Ordered anew meanwhile: that failure is not of this order.
      if entry.purpose.order != pull.purpose.order { break }
      guard entry.isRepair else {
        entry.state = .failed
        break
      }
      let wait = AgentSettings.wait(afterFailures: entry.failures)
      entry.failures += 1
      (entry.retryAt, entry.retryText) = (now + wait, text(now + wait))
    }
    return entry
  }

  /// Ends all pulls, where there is nobody that they are for.
  mutating func cancelAll() -> [AgentAction] {
    var actions: [AgentAction] = []
    for (name, pull) in pulls.sorted(by: { $0.key < $1.key }) where !pull.isCancelled {
      pulls[name]?.isCancelled = true
      actions.append(.cancel(image: name))
    }
    return actions
  }
}
