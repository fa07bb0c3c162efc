package import Networking

/// How a watch goes on from one answer to the next, without input, output and clock.
///
/// It lists in pages, then watches from the list's version on; when a watch ends it goes on from the last version seen;
/// when that is too old (410) it lists again. Whatever brings nothing is followed by a wait that grows, and only an
/// event that was worth it makes the wait short again.
package struct WatchMachine: Sendable {
  package enum Input: Hashable, Sendable {
    /// A page of the list came; `next` is the token of the page after it.
    case page(resourceVersion: String, next: String?)
    /// The server has begun to answer the watch.
    case opened
    /// An object was added, modified or deleted.
    case changed(resourceVersion: String)
    /// Only the version moved on.
    case bookmark(resourceVersion: String)
    /// The server ended the watch, or went silent.
    case closed
    case failed(Failure)
    /// The wait is over.
    case waited
  }

  package enum Failure: Hashable, Sendable {
    /// 410: the version or the token is too old.
    case expired
    /// Trying again may help.
    case transient(retryAfter: Duration?)
    /// Nothing will change it: no permission, no such kind.
    case final
  }

  package enum Action: Hashable, Sendable {
    /// Ask for a page; nil is the first.
    case list(continuing: String?)
    /// Open a watch.
    case watch(from: String)
    /// Read the next line of the open watch.
    case read
    /// The pages together are the whole list: hand it on, then say `waited`.
    case publish
    case wait(Duration)
    /// Give up; the last failure says why.
    case end
  }

  private enum State: Hashable {
    case listing
    case publishing(version: String)
    case watching(version: String, hasBroughtEvents: Bool)
    /// Waits to go on watching from a version, or to list again (nil).
    case waiting(version: String?)
    case ended
  }

  /// A clean end without any event is followed by no longer a wait than this: a server that closes every watch after a
  /// second is slow to follow, not lost.
  private static let longestPause = Duration.seconds(2)

  private let backOff: RetryPolicy
  private var state = State.listing
  /// Tries without a good event since the last one.
  private var fruitless = 0
  /// Whether the last list was not followed by a good event yet.
  private var hasListedInVain = false

  package static let backOff = RetryPolicy(attempts: .max, base: .milliseconds(800), cap: .seconds(30), jitter: 0.5)

  package init(backOff: RetryPolicy = Self.backOff) {
    self.backOff = backOff
  }

  /// What to do first.
  package var start: Action { .list(continuing: nil) }

  /// - Parameter random: a number from 0 up to 1, for the jitter.
  package mutating func event(_ input: Input, random: Double) -> Action {
    switch (state, input) {
    case (.ended, _): return .end
    case (_, .failed(.final)):
      state = .ended
      return .end

    case (.listing, .page(_, let next?)): return .list(continuing: next)
    case (.listing, .page(let version, nil)):
      state = .publishing(version: version)
      return .publish
    case (.listing, .failed(.transient(let retryAfter))): return wait(version: nil, retryAfter, random)
    case (.listing, _): return wait(version: nil, nil, random)

    case (.publishing(let version), _): return watch(from: version)

    case (.watching, .opened): return .read
    case (.watching(let old, _), .changed(let version)), (.watching(let old, _), .bookmark(let version)):
      fruitless = 0
      hasListedInVain = false
      // A server that leaves the version out must not make us begin from nowhere.
      state = .watching(version: version.isEmpty ? old : version, hasBroughtEvents: true)
      return .read
    case (.watching(_, let hasBroughtEvents), .failed(.expired)):
      // After a version that was good a moment ago it lists again at once; one that never was must not make a storm.
      if hasBroughtEvents || !hasListedInVain {
        hasListedInVain = true
        state = .listing
        return .list(continuing: nil)
      }
      return wait(version: nil, nil, random)
    case (.watching(let version, let hasBroughtEvents), .closed):
      if hasBroughtEvents { return watch(from: version) }
      fruitless += 1
      state = .waiting(version: version)
      return .wait(min(delay(nil, random), Self.longestPause))
    case (.watching(let version, _), .failed(.transient(let retryAfter))):
      return wait(version: version, retryAfter, random)
    case (.watching(let version, _), _): return wait(version: version, nil, random)

    case (.waiting(let version?), _): return watch(from: version)
    case (.waiting(nil), _):
      state = .listing
      return .list(continuing: nil)
    }
  }

  private mutating func watch(from version: String) -> Action {
    state = .watching(version: version, hasBroughtEvents: false)
    return .watch(from: version)
  }

  private mutating func wait(version: String?, _ retryAfter: Duration?, _ random: Double) -> Action {
    fruitless += 1
    state = .waiting(version: version)
    return .wait(delay(retryAfter, random))
  }

  private func delay(_ retryAfter: Duration?, _ random: Double) -> Duration {
    backOff.delay(before: fruitless + 1, serverAsks: retryAfter, random: random) ?? .seconds(30)
  }
}
