import ImageModel
import PrepullAPI
import Runtimes

extension AgentMachine {
  /// When images may be removed that are not wanted any more.
  var dueRemovals: [Duration] {
    unwanted.compactMap { name, since in
      guard let item = memory.items[name], item.isPulled, item.isRemovable, !removing.contains(name) else { return nil }
      return since + settings.grace
    }
  }

  /// Releases and removes what is not wanted any more.
  mutating func tidy(_ now: Duration) -> [AgentAction] {
    // A spec that says nothing is no word on what is wanted.
    guard record?.isStated == true else {
      unwanted = [:]
      return []
    }
    var actions: [AgentAction] = []
    // No pin is on its way meanwhile, which it would take away.
    if case .supported = pinning, sweep.isDue(now), !entries.values.contains(where: \.isPinAsked) {
      sweep.begin()
      actions.append(.releaseAll(but: inOrder.compactMap(\.reference)))
    }
    let shared = wantedIDs
    for name in memory.items.keys.sorted() where !isWanted(name) {
      // Of an agent before this one: the time begins anew.
      if unwanted[name] == nil { unwanted[name] = now }
      guard memory.items[name]?.isPinned == true, !releasing.contains(name), pulls[name] == nil,
        let reference = try? Reference(parsing: name)
      else {
        drop(name)
        continue
      }
      // All names of an image are pinned together: this one has another that is wanted.
      if let image = held?.image(reference), shared.contains(image.id) {
        memory.items[name]?.isPinned = false
        drop(name)
        continue
      }
      releasing.insert(name)
      actions.append(.pin(image: name, reference, false))
    }
    guard !isUseAsked, now >= nextUse, dueRemovals.contains(where: { $0 <= now }) else { return actions }
    isUseAsked = true
    return actions + [.askUsed]
  }

  /// Removes what no container uses, now that this is known.
  mutating func remove(unlessIn used: Set<String>?, _ now: Duration) -> [AgentAction] {
    isUseAsked = false
    nextUse = now + settings.grace
    guard isActing, record?.isStated == true, let held, let used else { return [] }
    let kept = wantedIDs
    var actions: [AgentAction] = []
    for (name, since) in unwanted.sorted(by: { $0.key < $1.key }) where since + settings.grace <= now {
      guard let item = memory.items[name], item.isPulled, item.isRemovable, !item.isPinned, !removing.contains(name),
        pulls[name] == nil, !isWanted(name), let reference = try? Reference(parsing: name),
        let image = held.image(reference)
      else { continue }
      let names = Set(image.references).union(image.tags).union([image.id, name])
      // Removing one name removes the image with all its names: those that others gave it keep it here.
      guard used.isDisjoint(with: names), !kept.contains(image.id), image.tags.isSubset(of: [name]) else { continue }
      removing.insert(name)
      actions.append(.remove(image: name, reference))
    }
    return actions
  }

  /// Of images that are wanted and here, under whatever names.
  private var wantedIDs: Set<String> {
    Set(entries.values.compactMap { entry in entry.reference.flatMap { held?.image($0)?.id } })
  }

  mutating func removed(_ name: String, _ succeeded: Bool) {
    removing.remove(name)
    guard succeeded else { return }
    isListDue = true
    guard !isWanted(name) else { return }
    memory.items[name] = nil
    unwanted[name] = nil
  }
}
