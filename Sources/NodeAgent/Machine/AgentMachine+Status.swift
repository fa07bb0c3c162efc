import PrepullAPI
import Runtimes

extension AgentMachine {
  func isWatched(_ now: Duration) -> Bool { record?.watchedUntil.map { epoch + now < $0 } ?? false }

  /// Whether every image that was ordered is here, or has failed, or waits for something that may take long.
  private var isSettled: Bool {
    entries.values.allSatisfy { entry in
      guard entry.wish.order != nil else { return true }
      if pulls[entry.name] != nil { return false }
      return switch entry.state {
      case .failed, .lost: true
      case .warm: !entry.needsRefresh || isUnderPressure
      case .pending: waitsForDisk(entry) || entry.retryAt != nil
      }
    }
  }

  /// Says when the status is to be written, and writes it when that is due.
  mutating func write(_ now: Duration) -> [AgentAction] {
    // Nothing is told of a node before its runtime was asked, or was waited for.
    let isKnown = held != nil || awaySince.map { now - $0 >= settings.patience } ?? false
    guard let record, let node, record.nodeUID == node.uid, isKnown else {
      writeAt = nil
      return []
    }
    judge(now)
    let report = report()
    let hasNews = conditions.map(\.essence) != (written?.conditions ?? []).map(\.essence)
    if report.essence != written?.essence, isSettled || isUrgent || hasNews {
      writeAt = writeAt ?? now + settings.gathering
    } else if report.essence == written?.essence {
      (writeAt, isUrgent) = (nil, false)
    }
    guard writing == nil, now >= mayWriteFrom else { return [] }
    let isLookedAt = isWatched(now) && !pulls.isEmpty && now >= watchedWrite
    guard writeAt.map({ $0 <= now }) ?? false || isLookedAt else { return [] }
    (writeAt, isUrgent, writing) = (nil, false, report)
    watchedWrite = now + watchInterval
    return [.write(report, isWatched: isWatched(now))]
  }

  mutating func wrote(_ succeeded: Bool, _ now: Duration) {
    guard writing != nil else { return }
    if succeeded {
      written = writing
      writeFailures = 0
      mayWriteFrom = now + settings.gathering
    } else {
      writeFailures += 1
      isUrgent = true
      mayWriteFrom = now + min(.seconds(60), .seconds(1) * (1 << min(writeFailures, 6)))
    }
    writing = nil
  }

  // MARK: What is written

  private func report() -> WarmNode.Agent {
    var agent = WarmNode.Agent()
    agent.nodeUID = node?.uid
    agent.version = settings.version
    agent.runtime = runtimeName
    agent.conditions = conditions
    if let disk = disk?.taken {
      agent.imageFilesystem = WarmNode.FileSystem(usedBytes: disk.used, capacityBytes: disk.capacity)
    }
    agent.images = inOrder.map(report)
    agent.pins = pinCount
    return agent
  }

  private func report(_ entry: ImageEntry) -> WarmNode.Held {
    var held = WarmNode.Held(image: entry.wish.image, state: state(of: entry))
    held.order = entry.wish.order
    held.digest = entry.digest
    held.warmSince = entry.state == .warm ? entry.warmSince : nil
    (held.pullSeconds, held.pulledBytes, held.pulledBy) = (entry.pullSeconds, entry.pulledBytes, entry.pulledBy)
    held.isPinned = entry.isPinned ? true : nil
    held.losses = entry.losses.isEmpty ? nil : entry.losses.count
    if held.state != .warm, held.state != .pulling {
      (held.reason, held.message) = (entry.reason, entry.message)
      held.retryAfter = entry.retryAt == nil ? nil : entry.retryText
    }
    if waitsForDisk(entry), held.state == .pending || held.state == .lost {
      (held.reason, held.message, held.retryAfter) = ("DiskPressure", pressure, nil)
    }
    return held
  }

  private func state(of entry: ImageEntry) -> WarmNode.HeldState {
    let isPulling = pulls[entry.name].map { !$0.isCancelled } ?? false
    return switch entry.state {
    case .failed: .failed
    case .lost: .lost
    case .warm where entry.needsRefresh && isPulling: .pulling
    case .warm: .warm
    case .pending: isPulling ? .pulling : .pending
    }
  }

  private var pressure: String {
    node?.hasDiskPressure == true
      ? "the node has DiskPressure; it goes on when that is over: free space on the node"
      : "the images' file system would be over \(settings.diskRule.most) % full, where the kubelet soon removes images; it goes on "
        + "when there is room: free space on the node"
  }

  // MARK: Conditions

  private mutating func judge(_ now: Duration) {
    let time = text(now)
    func set(_ type: String, _ status: Bool, _ reason: String, _ message: String) {
      conditions.set(type, .init(status), reason: reason, message: message, observedGeneration: nil, at: time)
    }
    if let awaySince, now - awaySince >= settings.patience {
      set("Ready", false, "RuntimeAway", "the container runtime does not answer; nothing is pulled meanwhile")
    } else {
      set("Ready", true, "Acting", "it sees its WarmNode and the container runtime")
    }
    if isUnderPressure {
      set("DiskPressure", true, node?.hasDiskPressure == true ? "DiskPressure" : "FileSystemFull", pressure)
    } else {
      set("DiskPressure", false, "Room", "there is room for images")
    }
    if let fastPulls {
      set("FastPulls", fastPulls.isUsed, fastPulls.isUsed ? "Used" : "NotUsed", fastPulls.reason)
    }
    switch pinning {
    case .supported: set("Pins", true, "Supported", "wanted images are kept from the kubelet's garbage collection")
    case .unsupported(let reason): set("Pins", false, "Unsupported", reason)
    case nil: break
    }
    let lost = inOrder.filter { $0.losses.count >= AgentSettings.lossesBorne }.map(\.wish.image)
    set(
      "ImagesLost", !lost.isEmpty, lost.isEmpty ? "NoneLost" : "LostOften",
      lost.isEmpty
        ? "no image is lost time and again"
        : "lost three times within an hour or more, and pulled again later: \(lost.joined(separator: ", "))")
  }
}

extension APICondition {
  /// Without its time.
  fileprivate var essence: [String] { [type, status, reason, message] }
}

extension WarmNode.Agent {
  /// What is worth a write: the disk's figures and how far pulls are change all the time.
  fileprivate var essence: WarmNode.Agent {
    var copy = self
    copy.imageFilesystem = nil
    copy.conditions = conditions?.map {
      var condition = $0
      condition.lastTransitionTime = ""
      return condition
    }
    return copy
  }
}
