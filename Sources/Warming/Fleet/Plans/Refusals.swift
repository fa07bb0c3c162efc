import ImageModel

/// Images of one Prepull that no further node tries, as nobody gets them: one node at a time tries whether they have
/// come. Images go by their position.
struct Refusals: Sendable {
  private struct Refusal: Sendable {
    /// Why, and when the next node tries, or another one where this one did not come to it.
    var backoff: Backoff<WarmFailure>
    /// The one that tries.
    var node: NodeIndex?
  }

  private var refusals: [Int: Refusal] = [:]
  /// Those that a node got although the registry refused them to us.
  private var lifted: Set<Int> = []

  // MARK: What is asked

  func isRefused(_ position: Int) -> Bool { refusals[position] != nil }
  func wasLifted(_ position: Int) -> Bool { lifted.contains(position) }
  func failure(of position: Int) -> WarmFailure? { refusals[position]?.backoff.reason }
  /// The node that tries it now.
  func prober(of position: Int) -> NodeIndex? { refusals[position]?.node }

  /// Whether it is time that a node tries it.
  func isDue(_ position: Int, at now: Duration) -> Bool {
    refusals[position].map { !$0.backoff.isWaiting(at: now) } ?? false
  }

  /// Whether a node may try it: all may where it is not refused.
  func mayTry(_ position: Int, _ node: NodeIndex) -> Bool { refusals[position].map { $0.node == node } ?? true }

  /// When the next of them is due.
  func nextDue(after now: Duration) -> Duration? {
    refusals.values.compactMap(\.backoff.retryAt).filter { $0 > now }.min()
  }

  // MARK: What happens

  mutating func refuse(_ position: Int, _ failure: WarmFailure, probeAt: Duration) {
    refusals[position] = Refusal(backoff: Backoff(reason: failure, tries: 0, retryAt: probeAt))
  }

  /// False where it was not refused.
  mutating func lift(_ position: Int) -> Bool {
    guard refusals.removeValue(forKey: position) != nil else { return false }
    lifted.insert(position)
    return true
  }

  /// Lets a node try it until some time.
  mutating func setProber(_ node: NodeIndex?, of position: Int, until due: Duration) {
    refusals[position]?.node = node
    refusals[position]?.backoff.postpone(to: due)
  }

  /// A node tried, and did not get it; false where it was not its turn.
  mutating func probeFailed(
    _ position: Int, on node: NodeIndex, at now: Duration, wait: (_ tries: Int) -> Duration
  ) -> Bool {
    guard refusals[position]?.node == node else { return false }
    refusals[position]?.node = nil
    // The first wait was that of the failures which led to it.
    refusals[position]?.backoff.failed(at: now) { wait($0 + 1) }
    return true
  }

  /// The Prepull chooses a node no more.
  mutating func nodeLeft(_ node: NodeIndex) {
    for (position, refusal) in refusals where refusal.node == node { refusals[position]?.node = nil }
  }

  /// Takes over what is known of an image from the Prepull as it was before.
  mutating func carry(_ position: Int, from before: Self, at former: Int) {
    refusals[position] = before.refusals[former]
    if before.lifted.contains(former) { lifted.insert(position) }
  }
}
