import Documents
import Kubernetes
import PrepullAPI
import Terminal

/// What the agent of a node pulls now.
struct AgentPull: Hashable, Sendable {
  let node: String
  let image: String
  /// Of the node: images that are not there yet, this one among them.
  let left: Int
  /// Nil until the agent says it.
  let progress: WarmNode.Progress?
  /// Why it does not pull, where it says so.
  let reason: String?

  /// When the pull ends at its rate; nil where that cannot be told.
  var timeLeft: Duration? {
    guard let progress, let total = progress.totalBytes, let rate = progress.bytesPerSecond, rate > 0 else {
      return nil
    }
    return .seconds(max(0, Double(total - progress.completedBytes) / Double(rate)))
  }
}

extension WarmNode {
  /// Images that its agent was asked for and does not hold, in their order, as far as a Prepull of these wants them.
  ///
  /// - Parameter isWanted: of `namespace/name`.
  func agentPulls(where isWanted: (String) -> Bool) -> [AgentPull] {
    let held = Dictionary((status?.agent?.images ?? []).map { ($0.image, $0) }) { first, _ in first }
    let missing = (spec?.images ?? []).filter { wish in
      guard wish.prepulls.contains(where: isWanted) else { return false }
      guard let state = held[wish.image]?.state else { return true }
      return state != .warm && !(state == .failed && held[wish.image]?.order == wish.order)
    }
    return missing.map { wish in
      let said = held[wish.image]
      return AgentPull(
        node: metadata.name ?? "", image: wish.image, left: missing.count, progress: said?.progress,
        reason: said?.state == .pulling ? nil : said?.reason)
    }
  }
}

/// The nodes whose agents pull, as `prepull status --watch` shows them.
enum AgentPullTable {
  /// At most so many nodes are named; the rest are counted.
  static let longest = 20

  static func lines(_ pulls: [AgentPull], style: Style, columns: Int?) -> [String] {
    // Of each node what it pulls now, else what is next.
    var byNode: [String: AgentPull] = [:]
    for pull in pulls where byNode[pull.node]?.progress == nil {
      if byNode[pull.node] == nil || pull.progress != nil { byNode[pull.node] = pull }
    }
    guard !byNode.isEmpty else { return [] }
    var table = Table([
      .init("NODE", shrinksTo: 12), .init("PULLING", shrinksTo: 12), .init("DONE", .right), .init("RATE", .right),
      .init("LEFT", .right), .init("IMAGES LEFT", .right),
    ])
    let shown = byNode.values.sorted { ($0.progress == nil ? 1 : 0, $0.node) < ($1.progress == nil ? 1 : 0, $1.node) }
    for pull in shown.prefix(longest) {
      let progress = pull.progress
      let done = progress.map { progress in
        Quantity.bytes(progress.completedBytes) + (progress.totalBytes.map { "/" + Quantity.bytes($0) } ?? "")
      }
      table.add([
        pull.node, pull.image, done ?? pull.reason ?? "waits",
        progress?.bytesPerSecond.map { Quantity.rate(Double($0)) } ?? "",
        pull.timeLeft.map(Quantity.timeLeft) ?? "", "\(pull.left)",
      ])
    }
    let rest = shown.count - longest
    let rate = pulls.reduce(0) { $0 + ($1.progress?.bytesPerSecond ?? 0) }
    let active = shown.count { $0.progress != nil }
    let all = Quantity.count(shown.count, "node")
    let total = rate > 0 ? ["\(active) of \(all) pull, \(Quantity.rate(Double(rate))) together"] : []
    return [""] + table.draw(style: style, columns: columns)
      + (rest > 0 ? ["and \(Quantity.count(rest, "more node"))"] : []) + total
  }
}
