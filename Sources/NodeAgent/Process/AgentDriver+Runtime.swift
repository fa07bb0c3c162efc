import ImageModel
import Logging
import Serving
import Runtimes
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AgentDriver {
  /// Hands on what the runtime tells by itself. One that tells nothing is asked every now and then.
  func watchRuntime() async throws {
    var failures = 0
    while true {
      do {
        guard let changes = try await runtime.changes() else {
          while true { try await Task.sleep(for: .seconds(3600)) }
        }
        failures = 0
        // What happened before is seen by a list.
        send(.changed(.there("")))
        for try await change in changes { send(.changed(change)) }
      } catch {
        try Task.checkCancellation()
        logger.debug("the runtime's events ended", metadata: ["error": "\(error)"])
      }
      failures += 1
      try await Task.sleep(for: .milliseconds(500) * min(failures, 20))
    }
  }

  /// Asks the runtime what it holds and how full its disk is.
  func list() async {
    do {
      if !sight.isRuntimeKnown {
        let identity = try await runtime.identify()
        let pinning = try await runtime.pinning()
        sight.runtimeIs(identity)
        send(.runtime(name: "\(identity.name) \(identity.version)", pinning: pinning))
      }
      let space = if let space = options.space { await space() } else { try await runtime.space() }
      let images = try await runtime.list()
      sight.runtimeAnswers()
      if let capacity = space.capacityBytes, let free = space.availableBytes {
        metrics.diskUsed.set(Double(capacity - free))
        metrics.diskCapacity.set(Double(capacity))
      }
      send(.disk(space))
      send(.images(images))
    } catch {
      guard !Task.isCancelled else { return }
      sight.runtimeFails(error)
      send(.unlisted)
    }
  }

  func remove(_ image: String, _ reference: Reference) async {
    do {
      // containerd knows it for itself, and whether somebody gave it another name meanwhile.
      if sight.runtimeName == "containerd" {
        guard try await runtime.isPulledByUs(reference) else {
          logger.info("an image that nobody wants stays, as others brought it too", metadata: ["image": "\(image)"])
          return send(.removed(image: image, succeeded: false))
        }
      }
      _ = try await runtime.remove(reference)
      metrics.imagesRemoved.add()
      logger.info("removed, as nobody wants it any more", metadata: ["image": "\(image)"])
      send(.removed(image: image, succeeded: true))
    } catch {
      logger.warning("an image could not be removed", metadata: ["image": "\(image)", "error": "\(error)"])
      send(.removed(image: image, succeeded: false))
    }
  }

  // MARK: Pulls

  func pull(_ task: PullTask) async {
    let chosen = Mutex<PullWay?>(nil)
    let outcome = await puller.pull(task) { event in
      switch event {
      case .sized(let bytes): send(.sized(image: task.image, bytes: bytes))
      case .progress(let progress): watch.note(progress, of: task.image)
      case .note(let note): logger.info("\(note)", metadata: ["image": "\(task.image)"])
      case .way(let way):
        chosen.withLock { $0 = way }
        if case .runtime(.unavailable, let reason?) = way { send(.fastPulls(isUsed: false, reason: reason)) }
      }
    }
    watch.end(task.image)
    let way = chosen.withLock { $0 }
    tally.count(outcome, way: way)
    switch outcome {
    case .warm(let warm):
      if warm.isPulled { try? await runtime.markPulled(task.reference) }
      if way == .fast { send(.fastPulls(isUsed: true, reason: "images are downloaded and unpacked by the agent")) }
      logger.info(
        warm.isPulled ? "pulled" : "it was there",
        metadata: ["image": "\(task.image)", "seconds": "\(warm.seconds ?? 0)", "by": "\(warm.way ?? "")"])
    case .failed(let reason, let message):
      logger.warning(
        "an image cannot be pulled", metadata: ["image": "\(task.image)", "reason": "\(reason)", "error": "\(message)"])
    case .noRoom(let bytes):
      logger.warning(
        "an image waits for room on the disk", metadata: ["image": "\(task.image)", "bytes": "\(bytes)"])
    case .cancelled: logger.info("the pull was ended", metadata: ["image": "\(task.image)"])
    }
    send(.pullEnded(image: task.image, outcome))
  }

  /// Slows fast pulls down while they would disturb others; only while there are pulls.
  func pace() -> Task<Void, Never>? {
    guard let pacer = options.pacer else { return nil }
    return Task {
      var last = ProcessorUse.Sample.take()
      while !Task.isCancelled {
        let now = ProcessorUse.Sample.take()
        let use = last.flatMap { last in now.flatMap { ProcessorUse(from: last, to: $0) } }
        last = now
        let limit = PaceRule.limit(
          maximum: options.maxBandwidth, pressure: PressureStall.read(), use: use,
          othersPull: (try? await runtime.othersPull()) ?? false)
        pacer.limit(to: limit)
        metrics.paceLimit.set(Double(limit ?? 0))
        try? await Task.sleep(for: .seconds(2))
      }
    }
  }
}
