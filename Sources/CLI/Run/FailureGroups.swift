import ImageModel
import Terminal

/// Failures by their reason: the same one on five hundred nodes is one line.
struct FailureGroups: Sendable {
  struct Group: Sendable {
    /// Nil where no pod came to run, so that no image is to blame.
    let image: String?
    /// Of the first node; details such as an address may differ on the others.
    let failure: WarmFailure
    private(set) var nodes: [String]
    private var known: Set<String>

    init(image: String?, failure: WarmFailure, node: String) {
      self.image = image
      self.failure = failure
      nodes = [node]
      known = [node]
    }

    fileprivate mutating func add(_ node: String) {
      if known.insert(node).inserted { nodes.append(node) }
    }

    /// `redis:7 on node-1, node-2, node-3 and 497 more`.
    var subject: String {
      let place = FailureGroups.names(nodes)
      return image.map { "\($0) on \(place)" } ?? place
    }
  }

  private struct Key: Hashable {
    let image: String?
    let code: String
    /// What was not tried on a node did not fail there.
    let isUntried: Bool
  }

  private(set) var groups: [Group] = []
  private var places: [Key: Int] = [:]

  /// - Returns: whether nothing like it was known before.
  @discardableResult
  mutating func add(_ failure: WarmFailure, image: String?, node: String) -> Bool {
    let key = Key(image: image, code: failure.code, isUntried: failure.isUntried)
    if let index = places[key] {
      groups[index].add(node)
      return false
    }
    places[key] = groups.count
    groups.append(Group(image: image, failure: failure, node: node))
    return true
  }

  /// A few names, and how many more there are.
  static func names(_ nodes: [String], shown: Int = 3) -> String {
    let few = nodes.prefix(nodes.count == shown + 1 ? shown + 1 : shown).joined(separator: ", ")
    let more = nodes.count - shown
    return more > 1 ? "\(few) and \(more) more" : few
  }

  /// Two lines for each: what happened to what, and what to do next. Where nothing was tried, those that failed say that.
  func lines(style: Style) -> [String] {
    groups.flatMap { group in
      let isUntried = group.failure.isUntried
      let what = style.paint("\(group.subject):", isUntried ? .warning : .bad)
      let lines = ["\(what) \(VisibleText.sanitised(group.failure.detail))"]
      return isUntried ? lines : lines + ["  \(VisibleText.sanitised(group.failure.remedy))"]
    }
  }
}
