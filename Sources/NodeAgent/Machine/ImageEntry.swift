import ImageModel
import PrepullAPI

/// How a wanted image stands.
struct ImageEntry: Sendable {
  enum State: Hashable, Sendable { case pending, warm, failed, lost }

  /// For what a pull was done: it is not done again for the same.
  struct Purpose: Hashable, Sendable {
    var order: String?
    var digests: [String]
  }

  /// Nil where the text is none.
  let reference: Reference?
  var wish: WarmNode.Wish
  var state = State.pending
  var digest: String?
  var warmSince: String?
  var pullSeconds: Double?
  var pulledBytes: Int64?
  var pulledBy: String?
  var reason: String?
  var message: String?
  /// When it was lost, within the last hour.
  var losses: [Duration] = []
  /// Pulls in a row that failed and are tried again without an order.
  var failures = 0
  /// When it is tried again.
  var retryAt: Duration?
  var retryText: String?
  /// When the runtime was last seen to hold it.
  var confirmedAt: Duration?
  var isPinned = false
  /// Whether the answer to a pin is awaited, and when it may be tried again.
  var isPinAsked = false
  var pinRetry: Duration?
  /// Bytes that it was found to take on the disk.
  var bytes: Int64?
  var refreshed: Purpose?

  /// What was behind the reference when the runtime last listed it.
  var listed: Listed?
  /// When the agent's last pull of it ended that no list has seen yet.
  var pulledAt: Duration?

  /// Content that a runtime holds.
  struct Listed: Sendable {
    let id: String
    let digest: String?
    /// Whether the agent pulled it.
    var isPulled: Bool
  }

  init(_ wish: WarmNode.Wish) {
    self.wish = wish
    reference = try? Reference(parsing: wish.image)
  }

  /// What pulls of it are called.
  var name: String { reference?.description ?? wish.image }
  var purpose: Purpose { Purpose(order: wish.order, digests: wish.digests ?? []) }

  /// Whether what is there under the reference does not do.
  var needsRefresh: Bool {
    guard wish.refreshes == true, let digests = wish.digests, !digests.isEmpty, refreshed != purpose,
      reference?.digest == nil
    else { return false }
    return digest.map { !digests.contains($0) } ?? false
  }

  /// Whether a failure is tried again by itself: what was here, or is only to stay, needs no order.
  var isRepair: Bool { state == .lost || wish.order == nil }

  /// Takes a wish in that has changed.
  mutating func update(_ new: WarmNode.Wish) {
    if new.order != wish.order, state == .failed {
      state = .pending
      (reason, message) = (nil, nil)
    }
    // Whoever orders it again does not want to wait.
    if new.order != wish.order { (retryAt, retryText, failures) = (nil, nil, 0) }
    wish = new
  }

  mutating func becomeWarm(_ digest: String?, at now: Duration, text: String?) {
    if state != .warm || warmSince == nil { warmSince = text }
    state = .warm
    self.digest = digest
    confirmedAt = now
    (reason, message, retryAt, retryText, failures) = (nil, nil, nil, nil, 0)
  }
}
