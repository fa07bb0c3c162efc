import ImageModel
import PrepullAPI
import Runtimes

/// Decides what the agent of one node does, without input, output and clock.
///
/// Invariants: no two pulls of one image; no pull and no pin under disk pressure; nothing that is wanted or used is
/// removed; without its own WarmNode, which names the node as it is now, nothing is changed.
package struct AgentMachine: Sendable {
  let settings: AgentSettings
  /// The API server's time at time zero, since the beginning of 1970.
  var epoch = Duration.zero
  var node: AgentNode?
  var record: AgentRecord?
  /// The wanted images by their text, in the order of the wishes.
  var entries: [String: ImageEntry] = [:]
  var order: [String] = []
  /// Nil until the runtime was asked.
  var held: RuntimeHoldings?
  var memory: PullMemory
  var stored: PullMemory

  // MARK: The runtime

  /// When the list that is awaited was asked for.
  var listingSince: Duration?
  var isListDue = true
  var nextList = Duration.zero
  var awaySince: Duration? = .zero
  var runtimeName: String?
  var pinning: RuntimePinning?
  var fastPulls: (isUsed: Bool, reason: String)?
  var disk: ImageFileSystem?

  // MARK: Pulls

  struct Pull: Sendable {
    var text: String
    var isCancelled = false
    var bytes: Int64 = 0
    var purpose: ImageEntry.Purpose
    /// Of the wish, for an image that is not wanted any more when it is there.
    var isRemovable: Bool
  }

  /// By the name of the image.
  var pulls: [String: Pull] = [:]

  // MARK: What is not wanted any more

  /// Since when, by the canonical form of references.
  var unwanted: [String: Duration] = [:]
  /// Losses so far.
  private(set) var lossesSeen = 0
  var isUseAsked = false
  var nextUse = Duration.zero
  var releasing: Set<String> = []
  /// Pins that nothing is known of: of agents before this one, and of what tags stood for.
  var sweep = PinSweep()
  var removing: Set<String> = []

  // MARK: The status

  var conditions: [APICondition] = []
  var written: WarmNode.Agent?
  /// What is being written.
  var writing: WarmNode.Agent?
  var isUrgent = false
  var writeAt: Duration?
  var writeFailures = 0
  var mayWriteFrom = Duration.zero
  var watchInterval = Duration.seconds(2)
  var watchedWrite = Duration.zero

  package init(settings: AgentSettings = AgentSettings(), memory: PullMemory = PullMemory()) {
    self.settings = settings
    self.memory = memory
    stored = memory
  }

  /// Takes in what happened, and says what to do, in this order.
  ///
  /// - Parameter now: since any fixed start, never less than before.
  package mutating func event(_ input: AgentInput, at now: Duration) -> [AgentAction] {
    var actions: [AgentAction] = []
    switch input {
    case .clock(let start): epoch = start
    case .record(let new): take(new, now)
    case .node(let new): node = new
    case .images(let images): observe(images, now)
    case .unlisted:
      (listingSince, isListDue) = (nil, false)
      awaySince = awaySince ?? now
      nextList = now + .seconds(2)
    case .changed: isListDue = true
    case .sized(let image, let bytes): pulls[image]?.bytes = bytes
    case .pullEnded(let image, let outcome): ended(image, outcome, now)
    case .pinned(let image, let isPinned, let succeeded): answered(image, isPinned, succeeded, now)
    case .removed(let image, let succeeded): removed(image, succeeded)
    case .swept(let succeeded): sweep.ended(succeeded, retryAt: now + settings.listInterval)
    case .disk(let space): disk = space
    case .runtime(let name, let pinning):
      runtimeName = name
      self.pinning = pinning
    case .fastPulls(let isUsed, let reason): fastPulls = (isUsed, reason)
    case .used(let used): actions += remove(unlessIn: used, now)
    case .written(let succeeded): wrote(succeeded, now)
    case .watchInterval(let interval): watchInterval = interval
    case .time: break
    }
    forgetLosses(now)
    if isActing {
      actions += pull(now)
      actions += pin(now)
      actions += tidy(now)
    } else {
      actions += cancelAll()
      unwanted = [:]
    }
    actions += list(now)
    actions += write(now)
    if memory != stored {
      stored = memory
      actions.insert(.remember(memory), at: 0)
    }
    return actions
  }

  /// Whether the WarmNode is that of the node as it is now, and the runtime was asked.
  var isActing: Bool {
    guard let record, let node, record.nodeUID == node.uid else { return false }
    return held != nil
  }

  /// Wanted images that were here and vanished.
  var lost: [String] { entries.filter { $0.value.state == .lost }.map(\.key) }

  /// The entries in the order of the wishes.
  var inOrder: [ImageEntry] { order.compactMap { entries[$0] } }

  func text(_ time: Duration) -> String { (epoch + time).timestamp }

  /// When `time` is to be told next; nil when nothing is due.
  package func due(after now: Duration) -> Duration? {
    var times: [Duration] = []
    if listingSince == nil { times.append(nextList) }
    if let awaySince, awaySince + settings.patience > now { times.append(awaySince + settings.patience) }
    if let writeAt, writing == nil { times.append(max(writeAt, mayWriteFrom)) }
    guard isActing else { return times.filter { $0 > now }.min() }
    for entry in entries.values {
      if let retryAt = entry.retryAt { times.append(retryAt) }
      if let pinRetry = entry.pinRetry { times.append(pinRetry) }
      if let loss = entry.losses.first { times.append(loss + .seconds(3600)) }
    }
    if let retryAt = sweep.retryAt { times.append(retryAt) }
    if !isUseAsked, let first = dueRemovals.min() { times.append(max(first, nextUse)) }
    if isWatched(now), !pulls.isEmpty, writing == nil { times.append(max(watchedWrite, mayWriteFrom)) }
    return times.filter { $0 > now }.min()
  }

  // MARK: The runtime's list

  private mutating func list(_ now: Duration) -> [AgentAction] {
    guard listingSince == nil, isListDue || now >= nextList else { return [] }
    isListDue = false
    listingSince = now
    nextList = now + settings.listInterval
    return [.list]
  }

  private mutating func observe(_ images: [RuntimeImage], _ now: Duration) {
    let began = listingSince ?? now
    listingSince = nil
    awaySince = nil
    let held = RuntimeHoldings(images)
    self.held = held
    for text in order {
      guard var entry = entries[text], let reference = entry.reference else { continue }
      if let image = held.image(reference) {
        entry.confirmedAt = max(entry.confirmedAt ?? began, began)
        found(image, &entry, asked: began, now)
      } else if let confirmed = entry.confirmedAt, confirmed > began {
        // It came while the runtime was answering.
        isListDue = true
      } else {
        lost(&entry, now)
      }
      entries[text] = entry
    }
    // What the agent pulled and is gone is no longer its own, whoever brings it back.
    for (name, item) in memory.items where item.isPulled || item.isPinned {
      guard let reference = try? Reference(parsing: name), held.image(reference) == nil,
        !isConfirmed(name, after: began)
      else { continue }
      memory.items[name]?.isPulled = false
      memory.items[name]?.isPinned = false
      if !isWanted(name) { memory.items[name] = nil }
    }
  }

  private func isConfirmed(_ name: String, after time: Duration) -> Bool {
    entries.values.contains { $0.name == name && $0.confirmedAt.map { $0 > time } ?? false }
  }

  func isWanted(_ name: String) -> Bool { entries.values.contains { $0.name == name } }

  private mutating func found(
    _ image: RuntimeImage, _ entry: inout ImageEntry, asked began: Duration, _ now: Duration
  ) {
    let digest = image.digest(among: entry.wish.digests ?? [])
    entry.digest = digest
    list(image, &entry, asked: began)
    // A refresh that failed says so, until it is ordered again.
    if entry.state == .failed, entry.needsRefresh { return }
    if entry.state != .warm { entry.becomeWarm(digest, at: now, text: text(now)) }
  }

  private mutating func lost(_ entry: inout ImageEntry, _ now: Duration) {
    entry.isPinned = false
    entry.isPinAsked = false
    entry.confirmedAt = nil
    entry.digest = nil
    guard entry.state == .warm else { return }
    lose(&entry, now)
  }

  mutating func lose(_ entry: inout ImageEntry, _ now: Duration) {
    entry.state = .lost
    entry.warmSince = nil
    lossesSeen += 1
    entry.losses.append(now)
    isUrgent = true
    (entry.reason, entry.message) = ("Lost", "it was here and is gone; it is pulled again")
    let excess = entry.losses.count - AgentSettings.lossesBorne
    guard excess >= 0 else { return }
    let wait = AgentSettings.lossWaits[min(excess, AgentSettings.lossWaits.count - 1)]
    (entry.retryAt, entry.retryText) = (now + wait, text(now + wait))
    entry.reason = "LostOften"
    entry.message =
      "it was lost \(entry.losses.count) times within an hour; who removes it? It is pulled again at \(text(now + wait))"
  }

  private mutating func forgetLosses(_ now: Duration) {
    for (key, entry) in entries where entry.losses.first.map({ now - $0 >= .seconds(3600) }) ?? false {
      entries[key]?.losses.removeAll { now - $0 >= .seconds(3600) }
    }
  }
}
