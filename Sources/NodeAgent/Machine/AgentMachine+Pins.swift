import ImageModel
import PrepullAPI
import Runtimes

extension AgentMachine {
  /// The wanted images that are to be pinned: none under disk pressure of the node; above the ceiling those of lowest
  /// priority are left out, until what the kubelet may remove is as much as is too much.
  private var pinnable: Set<String> {
    guard node?.hasDiskPressure != true else { return [] }
    let here = inOrder.filter { $0.confirmedAt != nil }
    var names = Set(here.map(\.name))
    var left = excess
    for entry in here.reversed() where left > 0 {
      guard let reference = entry.reference, names.remove(entry.name) != nil else { continue }
      // One without a known size is no less a thing to give up.
      left -= max(1, ImageDiskRule.wanted(compressed: held?.image(reference)?.sizeBytes ?? 0))
    }
    return names
  }

  /// Pins what is to be pinned, and releases the rest of what is wanted.
  mutating func pin(_ now: Duration) -> [AgentAction] {
    guard case .supported = pinning else { return [] }
    let wanted = pinnable
    let isFull = isUnderPressure
    var actions: [AgentAction] = []
    // The lowest priority is released first.
    for text in order.reversed() {
      guard let entry = entries[text], let reference = entry.reference, !entry.isPinAsked,
        entry.pinRetry.map({ $0 <= now }) ?? true, !releasing.contains(entry.name)
      else { continue }
      let shall = wanted.contains(entry.name)
      guard entry.isPinned != shall, shall ? !isFull && !sweep.isRunning : entry.confirmedAt != nil else { continue }
      entries[text]?.isPinAsked = true
      entries[text]?.pinRetry = nil
      // Before it is done, so that it is undone even by an agent that knows nothing else.
      if shall { memory.items[entry.name, default: .init()].isPinned = true }
      if shall { memory.items[entry.name]?.isRemovable = entry.wish.removal == "Unused" }
      actions.append(.pin(image: text, reference, shall))
    }
    // Pins of what has the highest priority come first.
    return actions.reversed()
  }

  mutating func answered(_ image: String, _ isPinned: Bool, _ succeeded: Bool, _ now: Duration) {
    if releasing.remove(image) != nil {
      guard succeeded, !isPinned else { return }
      memory.items[image]?.isPinned = false
      drop(image)
      return
    }
    guard var entry = entries[image], entry.isPinAsked else { return }
    entry.isPinAsked = false
    if succeeded { entry.isPinned = isPinned } else { entry.pinRetry = now + settings.listInterval }
    entries[image] = entry
    if succeeded, !isPinned { memory.items[entry.name]?.isPinned = false }
  }

  /// How many images are pinned, or may be: wanted ones, and what is still to be released. Nil while that is not known.
  var pinCount: Int? {
    switch pinning {
    case .supported: sweep.hasRun ? memory.items.count { $0.value.isPinned } : nil
    case .unsupported: 0
    case nil: nil
    }
  }

  /// Forgets what there is nothing to remember of.
  mutating func drop(_ name: String) {
    guard let item = memory.items[name], !isWanted(name), !item.isPinned, !(item.isPulled && item.isRemovable) else {
      return
    }
    memory.items[name] = nil
    unwanted[name] = nil
  }
}
