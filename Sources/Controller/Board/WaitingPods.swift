import Planning

/// Pods of others that wait for images, by node. Pure.
struct WaitingPods: Sendable {
  struct Entry: Sendable {
    var node: String
    var since: Duration
    var images: Set<String>
    var isCounted = false
  }

  private(set) var entries: [PodName: Entry] = [:]
  private var byNode: [String: Set<PodName>] = [:]
  private var due = DueQueue<String>()
  /// Nodes that were last told to be busy.
  var busy: Set<String> = []

  var names: some Collection<PodName> { entries.keys }

  mutating func put(_ name: PodName, on node: String, images: Set<String>, at now: Duration) {
    guard entries[name] == nil else { return }
    entries[name] = Entry(node: node, since: now, images: images)
    byNode[node, default: []].insert(name)
    due.add(node, at: now + .seconds(5))
  }

  /// - Returns: the node that the pod waited on.
  mutating func remove(_ name: PodName) -> String? {
    guard let entry = entries.removeValue(forKey: name) else { return nil }
    byNode[entry.node]?.remove(name)
    if byNode[entry.node]?.isEmpty ?? false { byNode[entry.node] = nil }
    return entry.node
  }

  /// Nodes to be judged anew, as time went on.
  mutating func expired(at now: Duration) -> [String] {
    var nodes: [String] = []
    while let node = due.next(at: now) { nodes.append(node) }
    for node in nodes where byNode[node] != nil { due.add(node, at: now + .seconds(5)) }
    return nodes
  }

  /// Whether a pod waits on the node that came less than `courtesy` ago, for an image that is not there.
  func isBusy(_ node: String, at now: Duration, courtesy: Duration, holds: (String) -> Bool) -> Bool {
    (byNode[node] ?? []).contains { name in
      guard let entry = entries[name], now - entry.since < courtesy else { return false }
      return !entry.images.allSatisfy(holds)
    }
  }
}
