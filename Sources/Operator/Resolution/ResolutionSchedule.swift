import Warming
import Networking
import ImageModel

/// Decides which reference is asked about next, and what holds meanwhile. Pure: time is passed in.
///
/// One question at a time for each key; a tag is asked for once and again only to refresh it, and a digest that is known
/// from before holds until then. What fails is tried again, later each time, and the last good answer stays.
struct ResolutionSchedule {
  struct Job: Hashable, Sendable {
    let key: ResolutionKey
    let serial: Int
    let reference: Reference
    /// The digest to read; nil to ask what the tag stands for.
    let digest: Digest?
    /// What need not be read again if the digest is still this one's.
    let held: ImageResolution?
    let platforms: Set<Platform>
  }

  enum Outcome: Sendable {
    case found(ImageResolution)
    /// The tag still stands for what is held.
    case unchanged
    case failed(WarmFailure, isRefusal: Bool, retryAfter: Duration?)
  }

  /// For metrics.
  enum Verdict: String, Sendable { case resolved, unchanged, moved, failed }

  private struct Entry {
    let reference: Reference
    var refreshEvery: Duration?
    var answer = ResolutionAnswer()
    /// Those that the documents were read for.
    var platforms: Set<Platform> = []
    var failures = 0
    /// Nil: nothing is to be asked any more.
    var dueAt: Duration?
    /// Of the job that runs.
    var running: Int?
    /// Whether somebody has seen that the tag moved.
    var isDoubted = false

    /// When the tag is to be resolved again.
    var refreshAt: Duration? {
      // A digest stands for itself.
      guard let refreshEvery, reference.digest == nil, let last = answer.resolvedAt else { return nil }
      return last + refreshEvery
    }
  }

  /// Between tries that fail.
  static let backOff = RetryPolicy(attempts: .max, base: .seconds(10), cap: .seconds(300))

  /// Between two looks at a tag that nodes doubt.
  static let retentionTime = Duration.seconds(60)

  private let parallel: Int
  private let parallelPerRegistry: Int
  private var entries: [ResolutionKey: Entry] = [:]
  private var platforms: Set<Platform> = []
  private var serial = 0

  init(parallel: Int = 8, parallelPerRegistry: Int = 4) {
    self.parallel = parallel
    self.parallelPerRegistry = parallelPerRegistry
  }

  func keys(where isMeant: (ResolutionKey) -> Bool) -> Set<ResolutionKey> { Set(entries.keys.filter(isMeant)) }

  func answer(for key: ResolutionKey) -> ResolutionAnswer? { entries[key]?.answer }

  /// Replaces all that is wanted.
  ///
  /// - Returns: answers that are known without asking anybody.
  mutating func want(
    _ requests: [ResolutionRequest], platforms: Set<Platform>, at now: Duration
  ) -> [ResolutionKey: ResolutionAnswer] {
    self.platforms = platforms
    var known: [ResolutionKey: ResolutionAnswer] = [:]
    var new: [ResolutionKey: Entry] = [:]
    for (key, requests) in Dictionary(grouping: requests, by: \.key) {
      var entry: Entry
      if let old = entries[key] {
        entry = old
      } else {
        do {
          entry = Entry(reference: try Reference(parsing: key.reference))
        } catch {
          var answer = ResolutionAnswer()
          answer.problem = WarmFailure(
            code: "invalidName", detail: "\(error)", remedy: "Correct the reference in the Prepull or the workload.")
          answer.isRefused = true
          known[key] = answer
          continue
        }
        if let last = requests.compactMap(\.known).max(by: { $0.resolvedAt < $1.resolvedAt }) {
          entry.answer.digest = last.digest
          entry.answer.resolvedAt = last.resolvedAt
          known[key] = entry.answer
        }
        entry.dueAt = now
      }
      entry.refreshEvery = requests.compactMap(\.refreshEvery).min()
      if entry.failures == 0, entry.answer.resolution != nil {
        entry.dueAt = entry.platforms.isSuperset(of: platforms) && !entry.isDoubted ? entry.refreshAt : now
      }
      new[key] = entry
    }
    entries = new
    return known
  }

  /// Does not wait any longer with what failed.
  mutating func hurry(_ keys: Set<ResolutionKey>, at now: Duration) {
    for key in keys where entries[key]?.failures ?? 0 > 0 { entries[key]?.dueAt = now }
  }

  /// Looks at a tag before its time, as a node got something else under it; at most once in a while.
  mutating func doubt(_ key: ResolutionKey, at now: Duration) {
    guard let entry = entries[key], entry.reference.digest == nil, entry.failures == 0,
      let last = entry.answer.resolvedAt, last + Self.retentionTime <= now
    else { return }
    entries[key]?.isDoubted = true
    entries[key]?.dueAt = now
  }

  /// The questions to ask now.
  mutating func begin(at now: Duration) -> [Job] {
    var running: [String: Int] = [:]
    var free = parallel
    for entry in entries.values where entry.running != nil {
      running[entry.reference.registry, default: 0] += 1
      free -= 1
    }
    guard free > 0 else { return [] }
    let due = entries.compactMap { key, entry in
      entry.running == nil && (entry.dueAt ?? .seconds(Int64.max)) <= now ? (key: key, entry: entry) : nil
    }
    // Those without any answer first.
    let order = due.sorted {
      let (a, b) = ($0.entry, $1.entry)
      return (a.answer.resolution == nil ? 0 : 1, a.dueAt ?? now, $0.key.reference)
        < (b.answer.resolution == nil ? 0 : 1, b.dueAt ?? now, $1.key.reference)
    }
    var jobs: [Job] = []
    for (key, entry) in order where jobs.count < free {
      guard running[entry.reference.registry, default: 0] < parallelPerRegistry else { continue }
      running[entry.reference.registry, default: 0] += 1
      serial += 1
      let isRefreshDue = entry.isDoubted || entry.refreshAt.map { $0 <= now } ?? false
      let held = entry.platforms.isSuperset(of: platforms) ? entry.answer.resolution : nil
      jobs.append(
        Job(
          key: key, serial: serial, reference: entry.reference, digest: isRefreshDue ? nil : entry.answer.digest,
          held: held, platforms: platforms))
      entries[key]?.running = serial
    }
    return jobs
  }

  /// Takes in what came of a question.
  ///
  /// - Returns: what is known now, if that changed, and what it was; nil when nobody wants to know any more.
  mutating func finish(
    _ job: Job, _ outcome: Outcome, at now: Duration, random: Double
  ) -> (changed: ResolutionAnswer?, verdict: Verdict)? {
    guard var entry = entries[job.key], entry.running == job.serial else { return nil }
    let before = entry.answer
    entry.running = nil
    let verdict: Verdict
    switch outcome {
    case .found(let resolution):
      verdict = before.digest == nil ? .resolved : before.digest == resolution.digest ? .unchanged : .moved
      entry.answer.resolution = resolution
      entry.answer.digest = resolution.digest
      entry.platforms = job.platforms
      succeed(&entry, asked: job.digest == nil, at: now)
    case .unchanged:
      verdict = .unchanged
      succeed(&entry, asked: job.digest == nil, at: now)
    case .failed(let problem, let isRefusal, let retryAfter):
      verdict = .failed
      if isRefusal, job.digest != nil, entry.reference.digest == nil, entry.answer.resolution == nil {
        // What was known is not there any more; the tag may stand for something new.
        entry.answer.digest = nil
        entry.answer.resolvedAt = nil
        entry.dueAt = now
      } else {
        entry.failures += 1
        entry.answer.problem = problem
        entry.answer.isRefused = isRefusal
        let wait = Self.backOff.delay(before: entry.failures + 1, serverAsks: retryAfter, random: random)
        entry.dueAt = now + (wait ?? Self.backOff.cap)
      }
    }
    entries[job.key] = entry
    return (entry.answer == before ? nil : entry.answer, verdict)
  }

  private func succeed(_ entry: inout Entry, asked: Bool, at now: Duration) {
    entry.failures = 0
    entry.answer.problem = nil
    entry.answer.isRefused = false
    if asked { entry.isDoubted = false }
    if asked || entry.answer.resolvedAt == nil { entry.answer.resolvedAt = now }
    // More platforms may have come meanwhile.
    entry.dueAt = entry.platforms.isSuperset(of: platforms) && !entry.isDoubted ? entry.refreshAt : now
  }
}
