import ImageModel
import PrepullAPI
import Runtimes

/// Tags that move: what one stood for before is an image that nobody wants, under its digest alone.
extension AgentMachine {
  /// Takes in what the runtime lists behind a wanted reference, as it was when it was asked.
  mutating func list(_ image: RuntimeImage, _ entry: inout ImageEntry, asked began: Duration) {
    let before = entry.listed
    if before?.id != image.id {
      let isPulled = before == nil && memory.items[entry.name]?.isPulled == true
      entry.listed = ImageEntry.Listed(id: image.id, digest: entry.digest, isPulled: isPulled)
      if let before {
        leave(before, of: entry)
        // Somebody else brought it, or the end of a pull says otherwise.
        if entry.pulledAt == nil { memory.items[entry.name]?.isPulled = false }
        entry.isPinned = false
      }
    }
    if let pulledAt = entry.pulledAt, pulledAt <= began {
      entry.listed?.isPulled = true
      entry.pulledAt = nil
    }
  }

  /// Has what a reference stood for released, and removed where it is to be, as if it had been wanted by its digest.
  private mutating func leave(_ old: ImageEntry.Listed, of entry: ImageEntry) {
    sweep.isWanted = true
    guard let reference = entry.reference, reference.digest == nil, var item = memory.items[entry.name],
      let digest = old.digest.flatMap({ try? Digest(parsing: $0) })
    else { return }
    item.isPulled = old.isPulled
    let name = reference.at(digest).description
    guard !isWanted(name), item.isPinned || item.isPulled && item.isRemovable else { return }
    memory.items[name] = item
  }
}

/// How far it is that pins are released of which nothing else is known.
struct PinSweep: Sendable {
  var isWanted = true
  private(set) var isRunning = false
  /// Whether it was done once.
  private(set) var hasRun = false
  /// After a failure.
  private(set) var retryAt: Duration?

  func isDue(_ now: Duration) -> Bool { isWanted && !isRunning && retryAt.map { $0 <= now } ?? true }

  mutating func begin() { (isWanted, isRunning, retryAt) = (false, true, nil) }

  mutating func ended(_ succeeded: Bool, retryAt: Duration) {
    isRunning = false
    if succeeded { hasRun = true } else { (isWanted, self.retryAt) = (true, retryAt) }
  }
}
