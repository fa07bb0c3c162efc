/// When one node has to prove what it holds, and what a check that runs has yet to find.
struct NodeChecks: Sendable {
  typealias Key = HeldImages.Key

  /// When pods last proved all that is held.
  private(set) var verifiedAt: Duration?
  /// What a check that runs has yet to find; nil when none runs.
  private(set) var unverified: Set<Key>?
  /// Whether something says that images may be lost.
  private(set) var isSuspect = false
  /// When that last began a check.
  private var suspectedAt: Duration?
  /// Images of ours that the node last listed; nil when its list may be cut.
  private(set) var listed: Set<ImageNumber>?

  // MARK: What is asked

  /// Whether a check has yet to find an image.
  func awaits(_ key: Key) -> Bool { unverified?.contains(key) ?? false }

  /// When the next check is due, which comes once in each period; nil while one runs or when nothing was ever proved.
  ///
  /// - Parameter hintInterval: least time between two checks that suspicions begin.
  func nextDue(every period: Duration, hintInterval: Duration, at now: Duration) -> Duration? {
    guard unverified == nil, let verifiedAt else { return nil }
    let regular = verifiedAt + period
    return isSuspect ? min(regular, max(now, (suspectedAt ?? .zero) + hintInterval)) : regular
  }

  // MARK: What happens

  /// A record says when all was proved.
  mutating func recordRead(verifiedAt: Duration?) { self.verifiedAt = verifiedAt }

  /// Something was proved; the first time counts as a check of all.
  mutating func proved(at now: Duration) { verifiedAt = verifiedAt ?? now }

  mutating func begin(_ keys: [Key], at now: Duration) {
    unverified = Set(keys)
    if isSuspect { suspectedAt = now }
    isSuspect = false
  }

  /// Leaves out what need not be found any more.
  ///
  /// - Returns: whether a check ended, as it has nothing left to find.
  mutating func retain(at now: Duration, where isWanted: (Key) -> Bool) -> Bool {
    guard let left = unverified?.filter(isWanted) else { return false }
    unverified = left.isEmpty ? nil : left
    if left.isEmpty { verifiedAt = now }
    return left.isEmpty
  }

  mutating func found(_ key: Key) { unverified?.remove(key) }

  /// Has a check that runs find an image again.
  mutating func invalidate(_ key: Key) { unverified?.insert(key) }

  /// Images may be lost; false when that is known.
  mutating func suspect() -> Bool {
    defer { isSuspect = true }
    return !isSuspect
  }

  /// - Returns: images that the node listed before and does not list any more.
  mutating func listUpdated(_ new: Set<ImageNumber>?) -> Set<ImageNumber> {
    defer { listed = new }
    guard let new, let listed else { return [] }
    return listed.subtracting(new)
  }
}
