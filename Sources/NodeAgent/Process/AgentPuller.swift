import ImageModel
import LocalPull
import Logging
import Networking
import Registry
import Runtimes
import Synchronization

/// Brings one image to the node, with one login after the other, and tries again what may pass by itself.
struct AgentPuller: Sendable {
  let runtime: any Runtime
  let registry: RegistryClient
  let credentials: any ImageCredentials
  let platform: Platform
  let logger: Logger

  /// What happens on the way.
  enum Event: Sendable {
    /// Bytes on the disk.
    case sized(Int64)
    case progress(PullProgress)
    case way(PullWay)
    case note(String)
  }

  /// How often in a row a fault is tried again of which nobody says that it passes.
  private static let faultsBorne = 3

  func pull(_ task: PullTask, report: @escaping @Sendable (Event) -> Void) async -> PullOutcome {
    let last = Mutex<WarmFailure?>(nil)
    do {
      return try await withTimeLimit(task.timeout) {
        var (tries, faults) = (0, 0)
        while true {
          let attempt = await attempt(task, report)
          try Task.checkCancellation()
          guard case .failed(let failure, let mayPass) = attempt.end else {
            if case .over(let outcome) = attempt.end { return outcome }
            return .cancelled
          }
          if failure.code == "fault" || attempt.isRefused { faults += 1 }
          guard mayPass, faults < Self.faultsBorne else { return Self.failed(failure, attempt.fault) }
          last.withLock { $0 = failure }
          logger.debug(
            "a pull is tried again", metadata: ["image": "\(task.image)", "error": "\(failure.detail)"])
          tries += 1
          try await Task.sleep(for: Self.wait(afterTries: tries))
        }
      }
    } catch is TimeLimitReached {
      let detail = last.withLock { $0?.detail }.map { "; the last try: \($0)" } ?? ""
      return .failed(
        reason: "TimedOut",
        message:
          "it was not there after \(task.timeout.components.seconds) s\(detail). Raise nodeTimeout, or try again.")
    } catch {
      return .cancelled
    }
  }

  static func wait(afterTries tries: Int) -> Duration {
    RetryPolicy(attempts: .max, base: .seconds(1), cap: .seconds(60))
      .delay(before: tries + 1, random: .random(in: 0..<1)) ?? .seconds(60)
  }

  static func failed(_ failure: WarmFailure, _ fault: LoginFault?) -> PullOutcome {
    if let fault { return .failed(reason: fault.reason, message: "\(fault.message) (\(failure.detail))") }
    return .failed(
      reason: failure.code.prefix(1).uppercased() + failure.code.dropFirst(),
      message: "\(failure.detail). \(failure.remedy)")
  }

  // MARK: One try

  private enum End {
    case over(PullOutcome)
    case failed(WarmFailure, mayPass: Bool)
  }

  private struct Attempt {
    var end: End
    /// Why a place that should have a login has none.
    var fault: LoginFault?
    var isRefused = false
  }

  /// Asks one place after the other for logins, while what those before it had is refused. Without any, it is tried as
  /// everybody may.
  private func attempt(_ task: PullTask, _ report: @escaping @Sendable (Event) -> Void) async -> Attempt {
    var fault: LoginFault?
    var isPlaceAway = false
    var latest: (failure: WarmFailure, wasLetIn: Bool)?
    for source in await credentials.sources(for: task.reference) {
      guard !Task.isCancelled else { return Attempt(end: .over(.cancelled)) }
      let logins: [RegistryCredential]
      do {
        logins = try await source.load()
      } catch let error as LoginFault {
        fault = fault ?? error
        continue
      } catch {
        isPlaceAway = true
        logger.debug("no login could be had", metadata: ["from": "\(source.name)", "error": "\(error)"])
        fault = fault ?? LoginFault(reason: "NoCredentials", message: "\(source.name) cannot be asked: \(error)")
        continue
      }
      // Nothing known is tried once, before anybody else is asked.
      if logins.isEmpty, latest != nil { continue }
      let (end, wasLetIn) = await warm(task, FixedLogins(logins), report)
      guard case .failed(let failure, _) = end, Self.mayBeLogin(failure) else { return Attempt(end: end) }
      latest = (failure, wasLetIn)
    }
    if latest == nil {
      let (end, wasLetIn) = await warm(task, FixedLogins([]), report)
      guard case .failed(let failure, _) = end, Self.mayBeLogin(failure) else { return Attempt(end: end) }
      latest = (failure, wasLetIn)
    }
    guard let latest else { return Attempt(end: .over(.cancelled)) }
    // Who was let in and is refused later has a login that expired meanwhile: the places are asked again.
    let mayPass = latest.wasLetIn || isPlaceAway || latest.failure.code == "rateLimited"
    return Attempt(
      end: .failed(latest.failure, mayPass: mayPass), fault: fault, isRefused: latest.wasLetIn)
  }

  private static func mayBeLogin(_ failure: WarmFailure) -> Bool {
    ["unauthorized", "denied", "notFound", "rateLimited"].contains(failure.code)
  }

  private static let passing: Set<String> = [
    "noSuchHost", "refused", "unreachable", "timedOut", "rateLimited", "truncated", "digestMismatch", "fault", "died",
    "noSocket",
  ]

  /// - Returns: also whether the registry said what the image is.
  private func warm(
    _ task: PullTask, _ logins: FixedLogins, _ report: @escaping @Sendable (Event) -> Void
  ) async -> (End, wasLetIn: Bool) {
    struct State {
      var way: PullWay?
      var bytes: Int64?
      var noRoom: Int64?
    }
    let state = Mutex(State())
    var settings = NodeWarmer.Settings(
      parallelism: 1, policy: task.refreshes ? .always : .ifNotPresent, imageTimeout: task.timeout,
      retry: RetryPolicy(attempts: 3, base: .seconds(1)))
    settings.handsOnLogins = true
    settings.onWay = { way in
      state.withLock { $0.way = way }
      report(.way(way))
    }
    settings.admit = { image in
      let bytes = ImageDiskRule.wanted(compressed: image.compressedSize)
      state.withLock { $0.bytes = image.compressedSize }
      if let room = task.room, bytes > room {
        state.withLock { $0.noRoom = bytes }
        throw NoRoom()
      }
      report(.sized(bytes))
    }
    let warmer = NodeWarmer(
      runtime: runtime, registry: registry.presenting(logins), credentials: logins, platform: platform,
      settings: settings)
    let wanted = WantedImage(given: task.image, reference: task.reference)
    let results = await warmer.warm([wanted]) { _, event in
      switch event {
      case .progress(let progress): report(.progress(progress))
      case .note(let note): report(.note(note))
      default: break
      }
    }
    let (way, bytes, noRoom) = state.withLock { ($0.way, $0.bytes, $0.noRoom) }
    if let noRoom { return (.over(.noRoom(bytes: noRoom)), true) }
    guard let result = results.first else { return (.over(.cancelled), false) }
    switch result.outcome {
    case .pulled:
      return (
        .over(
          .warm(
            .init(
              digest: result.digest?.description, isPulled: true, seconds: result.duration / .seconds(1), bytes: bytes,
              way: way == .fast ? "Fast" : "Runtime"))), true
      )
    case .alreadyThere:
      return (.over(.warm(.init(digest: result.digest?.description, isPulled: false))), true)
    case .cancelled: return (.over(.cancelled), false)
    case .failed(let failure):
      return (.failed(failure, mayPass: Self.passing.contains(failure.code)), bytes != nil)
    }
  }
}

/// There is no room for an image.
private struct NoRoom: Error {}
