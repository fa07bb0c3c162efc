import PrepullAPI
import Warming

/// How far the agent of a node is with the newest order of one Prepull, as its WarmNode says.
///
/// An agent writes when all that was ordered is there or has failed, and meanwhile only while somebody watches. So it is
/// known when it was asked and when it ended, and of its pulls how long they took, but seldom that they go on.
struct OrderedWork: Hashable, Sendable {
  let order: WarmNode.Order
  private(set) var images: [String] = []
  private(set) var isPulling = false
  /// Whether each image is there or has failed.
  private(set) var isDone = true
  private(set) var hasFailed = false
  /// Whether it brings back by itself what vanished: then the order tells no more when that began.
  private(set) var isRepair = false
  /// From the begin of the first of its pulls to the end of the last.
  private(set) var pullSeconds: Double?

  /// By the uids of the Prepulls.
  static func all(of record: WarmNode?) -> [String: OrderedWork] {
    let wishes = record?.spec?.images ?? []
    guard wishes.contains(where: { $0.order != nil }) else { return [:] }
    let held = Dictionary((record?.status?.agent?.images ?? []).map { ($0.image, $0) }) { first, _ in first }
    var images: [WarmNode.Order: [WarmNode.Held]] = [:]
    for (text, wishes) in Dictionary(grouping: wishes, by: \.order) {
      guard let text, let order = WarmNode.Order(text) else { continue }
      images[order] = wishes.map { wish in
        held[wish.image].flatMap { $0.order == text ? $0 : nil } ?? WarmNode.Held(image: wish.image, state: .pending)
      }
    }
    let works = images.map { OrderedWork($0.key, $0.value) }
    return Dictionary(works.map { ($0.order.prepull.uid, $0) }) { $0.order.givenAt < $1.order.givenAt ? $1 : $0 }
  }

  private init(_ order: WarmNode.Order, _ held: [WarmNode.Held]) {
    self.order = order
    var pulls: [(begin: Double, end: Double)] = []
    for image in held {
      images.append(image.image)
      switch image.state {
      case .warm: break
      case .failed: hasFailed = true
      case .pulling: (isDone, isPulling) = (false, true)
      case .pending: isDone = false
      case .lost: (isDone, isRepair) = (false, true)
      }
      // What was there before the order was given took no time now; moments are written in whole seconds.
      let given = (order.givenAt / .seconds(1)).rounded(.down)
      guard image.state == .warm, let seconds = image.pullSeconds,
        let end = image.warmSince.flatMap(Moment.init)?.seconds, end >= given
      else { continue }
      pulls.append((end - seconds, end))
    }
    guard let begin = pulls.map(\.begin).min(), let end = pulls.map(\.end).max() else { return }
    pullSeconds = end - begin
  }
}
