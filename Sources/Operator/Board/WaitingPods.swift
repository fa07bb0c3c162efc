import Kubernetes

/// Pods of others that may be pulling images, by node: ours yield to them. Pure.
///
/// A status cannot tell who pulls, as kubelets write it before and after they work on a pod and not between. So a
/// container counts from its event `Pulling` until another event or a status shows its pull to be over. Before there is
/// an event, it counts for a short time after its pod came to the node, if the node is not known to hold its image.
struct WaitingPods: Sendable {
  struct Limits: Hashable, Sendable {
    /// After it came to its node, a pod counts so long at most, whatever it does.
    var timeout = Duration.seconds(60)
    /// How long a pod counts of which no event tells.
    var withoutEvent = Duration.seconds(15)
  }

  /// What an event says of a container.
  enum Sign: Hashable, Sendable { case pulling, over }

  private struct Entry: Sendable {
    let node: String
    let uid: String
    let boundAt: Duration
    /// By container.
    let images: [String: String]
    var signs: [String: Sign] = [:]
  }

  /// Events of pods that the watch of pods has not shown yet.
  private struct Early: Sendable {
    let uid: String
    let seenAt: Duration
    var signs: [String: Sign]
  }

  private static let memory = Duration.seconds(15)

  let limits: Limits
  private var entries: [PodName: Entry] = [:]
  private var byNode: [String: Set<PodName>] = [:]
  private var early: [PodName: Early] = [:]
  private var due = DueQueue<String>()
  /// Nodes that were last reported to be left to a pod, and to which.
  var busy: [String: PodName] = [:]

  init(limits: Limits = Limits()) { self.limits = limits }

  var names: some Collection<PodName> { entries.keys }
  var count: Int { entries.count + early.count }

  // MARK: What is seen

  /// - Returns: whether it is new.
  mutating func put(_ pod: WaitingPod, _ name: PodName, at now: Duration) -> Bool {
    guard let node = pod.spec.nodeName, let uid = pod.metadata.uid else { return false }
    let isNew = entries[name]?.uid != uid
    if isNew {
      let before = early[name]
      remove(name)
      entries[name] = Entry(node: node, uid: uid, boundAt: min(now, pod.boundAt ?? now), images: pod.images)
      byNode[node, default: []].insert(name)
      if let before, before.uid == uid { entries[name]?.signs = before.signs }
    }
    for container in pod.pastPull { entries[name]?.signs[container] = .over }
    schedule(node, after: now)
    return isNew
  }

  /// - Returns: the node that the pod was on.
  @discardableResult
  mutating func remove(_ name: PodName) -> String? {
    early[name] = nil
    guard let entry = entries.removeValue(forKey: name) else { return nil }
    byNode[entry.node]?.remove(name)
    if byNode[entry.node]?.isEmpty ?? false { byNode[entry.node] = nil }
    return entry.node
  }

  /// Takes in an event.
  ///
  /// - Returns: the node of the pod, where that is known.
  mutating func take(_ sign: Sign, of container: String, _ name: PodName, uid: String, at now: Duration) -> String? {
    if entries[name]?.uid == uid {
      entries[name]?.signs[container] = sign
      return entries[name]?.node
    }
    if early[name]?.uid == uid {
      early[name]?.signs[container] = sign
    } else if sign == .pulling {
      early[name] = Early(uid: uid, seenAt: now, signs: [container: sign])
    }
    return nil
  }

  // MARK: Time

  /// Nodes to be judged again, as time went on.
  mutating func expired(at now: Duration) -> [String] {
    early = early.filter { $0.value.seenAt + Self.memory > now }
    var nodes: [String] = []
    while let node = due.next(at: now) { nodes.append(node) }
    for node in nodes { schedule(node, after: now) }
    return nodes
  }

  private mutating func schedule(_ node: String, after now: Duration) {
    let times = (byNode[node] ?? []).flatMap { name in
      entries[name].map { [$0.boundAt + limits.withoutEvent, $0.boundAt + limits.timeout] } ?? []
    }
    if let next = times.filter({ $0 > now }).min() { due.add(node, at: next) }
  }

  // MARK: Judgement

  /// The pod to which a node is left now; nil when there is none.
  ///
  /// - Parameter holds: whether the node is known to hold an image.
  func puller(on node: String, at now: Duration, holds: (String) -> Bool) -> PodName? {
    let names = (byNode[node] ?? []).filter { name in
      guard let entry = entries[name], now < entry.boundAt + limits.timeout else { return false }
      return isPulling(entry, at: now, holds: holds)
    }
    return names.min { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
  }

  /// Whether a pod still pulls although its time is up.
  func isOverdue(_ name: PodName, at now: Duration) -> Bool {
    guard let entry = entries[name], now >= entry.boundAt + limits.timeout else { return false }
    return entry.signs.values.contains(.pulling)
  }

  private func isPulling(_ entry: Entry, at now: Duration, holds: (String) -> Bool) -> Bool {
    entry.images.contains { container, image in
      switch entry.signs[container] {
      case .pulling: true
      case .over: false
      case nil: now < entry.boundAt + limits.withoutEvent && !holds(image)
      }
    }
  }
}
