import ImageModel
import PrepullAPI
import Runtimes

extension AgentMachine {
  /// Takes in the WarmNode. One that is gone changes nothing but that nothing is done meanwhile.
  mutating func take(_ new: AgentRecord?, _ now: Duration) {
    let old = record
    record = new
    guard let new else { return }
    if old?.uid != new.uid || old?.agent != nil && new.agent == nil {
      // Another object, or one that somebody has emptied: nothing is written in it.
      written = nil
    }
    var wishes: [String] = []
    for wish in new.wishes where !wishes.contains(wish.image) {
      wishes.append(wish.image)
      if entries[wish.image] == nil {
        entries[wish.image] = recalled(wish, from: old == nil ? new.agent : nil, now)
        isListDue = true
      } else {
        entries[wish.image]?.update(wish)
      }
      note(wish)
    }
    let gone = Set(entries.keys).subtracting(wishes)
    for text in gone {
      if let entry = entries.removeValue(forKey: text), !isWanted(entry.name) { leave(entry.name, now) }
    }
    order = wishes
    for name in Array(unwanted.keys) where isWanted(name) { unwanted[name] = nil }
  }

  /// What is wanted may have another word on its removal than before.
  private mutating func note(_ wish: WarmNode.Wish) {
    guard let name = entries[wish.image]?.name, memory.items[name] != nil else { return }
    memory.items[name]?.isRemovable = wish.removal == "Unused"
  }

  /// An entry for a wish: with what an agent before this one wrote of it, and what the runtime was last seen to hold.
  private func recalled(_ wish: WarmNode.Wish, from agent: WarmNode.Agent?, _ now: Duration) -> ImageEntry {
    var entry = ImageEntry(wish)
    if entry.reference == nil {
      entry.state = .failed
      (entry.reason, entry.message) = ("InvalidReference", "'\(wish.image)' is no image reference; correct the Prepull")
      return entry
    }
    if let before = agent?.images?.first(where: { $0.image == wish.image }), agent?.nodeUID == record?.nodeUID {
      entry.warmSince = before.warmSince
      entry.pullSeconds = before.pullSeconds
      entry.pulledBytes = before.pulledBytes
      entry.pulledBy = before.pulledBy
      entry.losses = Array(repeating: now, count: min(before.losses ?? 0, 10))
      switch before.state {
      case .failed where before.order == wish.order:
        entry.state = .failed
        (entry.reason, entry.message) = (before.reason, before.message)
      // What was here when the agent before this one looked is here, or is lost.
      case .warm: entry.state = .warm
      case .lost: entry.state = .lost
      default: break
      }
      if entry.state == .lost, entry.losses.count >= AgentSettings.lossesBorne, let text = before.retryAfter,
        let time = Duration(timestamp: text)
      {
        (entry.retryAt, entry.retryText) = (time - epoch, text)
        (entry.reason, entry.message) = (before.reason, before.message)
      }
    }
    guard let held, let reference = entry.reference else { return entry }
    if let image = held.image(reference) {
      entry.digest = image.digest(among: wish.digests ?? [])
      if entry.state != .failed || !entry.needsRefresh {
        entry.becomeWarm(entry.digest, at: now, text: entry.state == .warm ? entry.warmSince : text(now))
      }
    }
    return entry
  }

  /// Nobody wants an image any more.
  private mutating func leave(_ name: String, _ now: Duration) {
    guard memory.items[name] != nil else { return }
    unwanted[name] = now
  }
}
