import ImageModel

/// How far a rollout came on one node. Images go by their position in the plan.
struct RolloutTurn: Sendable {
  /// What was heard of one image.
  private struct News: Sendable {
    var isPulling = false
    /// Whether the kubelet said that the image is there.
    var isPulled = false
    /// Failures in all pods of the node, those in the last pod that told of one, and that pod.
    var tries = 0
    var lastCount = 0
    var lastPod = 0
    var failure: ImageFailure?
  }

  /// Its place among all nodes that came.
  let arrival: Int
  /// The images that have nothing for this node, and why.
  let unsupported: [Int: String]
  /// The others, in the order of pulling, split over pods.
  let parts: [[Int]]
  /// The parts from here on wait for those before, but not for each other.
  let firstApart: Int
  /// The next part that has had no pod in this turn.
  private(set) var nextPart = 0
  /// Images that it does not pull in this turn, as seeds go first.
  private(set) var heldBack: Set<Int> = []
  /// Since when the node is at work; nil when it is not.
  private(set) var activeSince: Duration?
  /// Time at work in earlier turns, and of the waits between.
  private(set) var spent = Duration.zero
  /// Pods made.
  private(set) var pods = 0
  /// The last warning that tells why nothing moves.
  private(set) var note: String?
  /// Until when pods prove what the node holds, its time being over.
  private(set) var proofUntil: Duration?
  var outcome: NodeOutcome?
  /// How its images were last reported to stand.
  var shown: [Coverage.Cell]
  private var news: [News]

  init(arrival: Int, images: Int, unsupported: [Int: String], apart: [Set<Int>], imagesPerPod: Int) {
    self.arrival = arrival
    self.unsupported = unsupported
    let possible = (0..<images).filter { unsupported[$0] == nil }
    let later = apart.reduce(into: Set<Int>()) { $0.formUnion($1) }
    let first = Self.split(possible.filter { !later.contains($0) }, by: imagesPerPod)
    parts = first + apart.flatMap { set in Self.split(possible.filter(set.contains), by: imagesPerPod) }
    firstApart = first.count
    shown = Array(repeating: .pending, count: images)
    news = Array(repeating: News(), count: images)
  }

  /// Images that are too many for one pod, in their order.
  static func split(_ images: [Int], by size: Int) -> [[Int]] {
    let size = max(1, size)
    return stride(from: 0, to: images.count, by: size).map { Array(images[$0..<min($0 + size, images.count)]) }
  }

  // MARK: What is asked

  var isActive: Bool { activeSince != nil }
  /// Whether the node waits for a place: its first, or another after a pod was refused or lost.
  var isWaiting: Bool { !isActive && outcome == nil }

  /// Time at work, with the turn that runs.
  func spent(at now: Duration) -> Duration { spent + (activeSince.map { now - $0 } ?? .zero) }

  func isPulling(_ image: Int) -> Bool { news[image].isPulling }
  func failure(of image: Int) -> ImageFailure? { news[image].failure }
  func tries(of image: Int) -> Int { news[image].tries }
  func isSettled(_ image: Int) -> Bool { shown[image].isSettled }

  /// Whether the next part is due: no image of those before it is being tried for the first time.
  var mayTakePart: Bool {
    isActive && proofUntil == nil
      && parts[..<min(nextPart, firstApart)].joined().allSatisfy { image in
        isSettled(image) || news[image].tries > 0 || news[image].isPulled || heldBack.contains(image)
      }
  }

  /// When its time, or that of its proof, is over; nil while it is not at work.
  func end(timeout: Duration) -> Duration? { activeSince.map { proofUntil ?? $0 + timeout - spent } }

  /// What its images alone say; nil where some are missing.
  var ownOutcome: NodeOutcome? {
    let states = Set(shown.map(\.state))
    if states.isSubset(of: [.unsupported]) { return .unsupported }
    return states.isSubset(of: [.warm, .unsupported]) ? .warm : nil
  }

  /// By which a queue keeps the order in which nodes came.
  var queueKey: String { "\(1_000_000_000 + arrival)" }

  // MARK: What happens

  mutating func begin(at now: Duration) {
    activeSince = now
    nextPart = 0
    heldBack = []
  }

  /// Ends the time at work, if only for now: nothing is being pulled then.
  mutating func release(at now: Duration) {
    spent = spent(at: now)
    activeSince = nil
    for image in news.indices { news[image].isPulling = false }
  }

  /// Counts a wait as time of the node.
  mutating func wait(_ time: Duration) { spent += time }

  /// Takes the next part, if there is one.
  mutating func takePart() -> [Int]? {
    guard nextPart < parts.count else { return nil }
    defer { nextPart += 1 }
    return parts[nextPart]
  }

  mutating func podMade() { pods += 1 }
  mutating func hold(back images: some Sequence<Int>) { heldBack.formUnion(images) }
  mutating func prove(until end: Duration) { proofUntil = end }
  mutating func warned(_ text: String) { note = text }

  /// An image is on its way, or there.
  mutating func moved(_ image: Int, isPulling: Bool = false, isPulled: Bool = false) {
    note = nil
    if isPulling { news[image].isPulling = true }
    if isPulled { news[image].isPulled = true }
  }

  /// A pod tells of so many failures of an image by now.
  ///
  /// - Returns: whether there is a further one.
  mutating func failed(_ image: Int, _ failure: ImageFailure, count: Int, inPod pod: Int) -> Bool {
    let known = news[image].lastPod == pod ? news[image].lastCount : 0
    news[image].isPulling = true
    guard count > known else { return false }
    news[image].tries += count - known
    news[image].lastCount = count
    news[image].lastPod = pod
    news[image].failure = failure
    return true
  }
}
