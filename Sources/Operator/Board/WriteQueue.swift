import Networking
import Warming

/// What is written, at most once at a time.
enum WriteKey: Hashable, Sendable {
  /// The ConfigMap of the Prepull with this uid.
  case ensure(String)
  case create(FleetPod.ID)
  case delete(PodName)
  case look(PodName)
  /// By the node's name.
  case record(String)
  /// What the node's agent shall hold.
  case wishes(String)
  case gate(node: String, taint: String)
  case mark(String)
  /// By the uid of the Prepull.
  case finalizer(String)
  case status(String)
  case clean(String)
  case expire(String)

  /// Whether something waits for it that hurries: pods, gates, namespaces that go.
  var isPressing: Bool {
    switch self {
    case .ensure, .create, .wishes, .gate, .finalizer, .clean, .look: true
    case .delete, .record, .mark, .status, .expire: false
    }
  }
}

/// Which write is next: no key twice at a time, so many of each kind at a time, and with growing waits after failures.
/// What is written is found out when its turn comes, so that changes which come together are written together. Pure.
struct WriteQueue: Sendable {
  private struct Lane: Sendable {
    var due = DueQueue<WriteKey>()
    var running = 0
  }

  /// At a time, of those that press and of the others: together fewer than the client's places, so that there are some
  /// for all else that it asks.
  private let places: Int
  private var pressing = Lane()
  private var patient = Lane()
  private var running: Set<WriteKey> = []
  /// What became due again while it was being written.
  private var again: [WriteKey: Duration] = [:]
  private var failures: [WriteKey: Int] = [:]

  static let backOff = RetryPolicy(attempts: .max, base: .milliseconds(500), cap: .seconds(30), jitter: 0.2)

  init(places: Int = 14) { self.places = places }

  /// Asks for a write at `time` or earlier.
  mutating func want(_ key: WriteKey, at time: Duration) {
    if running.contains(key) {
      again[key] = min(again[key] ?? time, time)
    } else {
      with(key) { $0.due.add(key, at: time) }
    }
  }

  /// Takes the next key whose time has come and for which there is a place.
  mutating func next(at now: Duration) -> WriteKey? {
    if pressing.running < places, let key = pressing.due.next(at: now) { return key }
    if patient.running < places, let key = patient.due.next(at: now) { return key }
    return nil
  }

  /// The write that `next` gave begins; without this, it was for nothing.
  mutating func begin(_ key: WriteKey) {
    running.insert(key)
    with(key) { $0.running += 1 }
  }

  /// What `next` gave is not to be written any more.
  mutating func dropped(_ key: WriteKey) { failures[key] = nil }

  mutating func succeeded(_ key: WriteKey) {
    failures[key] = nil
    end(key, at: nil)
  }

  /// - Parameter retryAfter: what the server asked for.
  mutating func failed(_ key: WriteKey, retryAfter: Duration?, random: Double, at now: Duration) {
    let count = (failures[key] ?? 0) + 1
    failures[key] = count
    let wait = Self.backOff.delay(before: count + 1, serverAsks: retryAfter, random: random) ?? .seconds(30)
    end(key, at: now + wait)
  }

  /// How many writes wait or run.
  var count: Int { pressing.due.count + patient.due.count + running.count }

  private mutating func end(_ key: WriteKey, at retry: Duration?) {
    guard running.remove(key) != nil else { return }
    with(key) { $0.running -= 1 }
    let next = again.removeValue(forKey: key)
    if let time = retry ?? next { want(key, at: time) }
  }

  private mutating func with(_ key: WriteKey, _ body: (inout Lane) -> Void) {
    if key.isPressing { body(&pressing) } else { body(&patient) }
  }
}
