import ImageModel
import Kubernetes
import PrepullAPI
import Serving
import Warming

/// The agents of nodes: what they are asked for, by the specs of WarmNodes, and what they say, in `status.agent`.
extension FleetBoard {
  /// What is asked of the agent of a node.
  struct AgentEntry: Sendable {
    struct Order: Sendable {
      let text: String
      let images: [PodOrder.Image]
      let createdAt: Duration
      /// Whether the API server has it.
      var isStored = false
    }

    /// Those that have not ended.
    var orders: [FleetPod.ID: Order] = [:]
    /// The last order of each image, by reference: it stays in the spec when it has ended, as its end is no write worth.
    var texts: [String: String] = [:]
    var said: WarmNode.Agent?
  }

  // MARK: Presence

  mutating func takeAgentPods(_ event: WatchEvent<AgentPod>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let before = agents.nodes
      agents = AgentTable(list)
      missing.remove(.agents)
      for node in before.union(agents.nodes) { presenceChanged(on: node) }
    case .applied(let pod): for node in agents.put(pod) { presenceChanged(on: node) }
    case .deleted(let pod): if let node = agents.remove(PodName(pod.metadata)) { presenceChanged(on: node) }
    }
  }

  private mutating func presenceChanged(on name: String) {
    guard var node = nodes[name]?.node else { return }
    let agent = agents.presence(on: name)
    guard node.agent != agent else { return }
    node.agent = agent
    nodes[name]?.node = node
    feed(.node(node))
  }

  // MARK: Orders

  mutating func orderFromAgent(_ order: PodOrder) {
    let text = WarmNode.Order(of: order.id.prepull, at: time).description
    nodes[order.id.node]?.agent.orders[order.id] = AgentEntry.Order(text: text, images: order.images, createdAt: time)
    for image in order.images { nodes[order.id.node]?.agent.texts[image.reference] = text }
    writes.want(.wishes(order.id.node), at: time)
  }

  /// - Returns: whether there was such an order.
  mutating func dropAgentOrder(_ id: FleetPod.ID) -> Bool {
    guard let order = nodes[id.node]?.agent.orders.removeValue(forKey: id) else { return false }
    later.append(.podGone(id, uid: order.text))
    // What it said meanwhile of these images was the order's matter.
    if let said = nodes[id.node]?.agent.said, let input = Self.input(said, of: id.node) { later.append(input) }
    return true
  }

  /// At the start: orders that have not ended.
  mutating func rememberOrders(of node: WarmNode, _ record: NodeRecord) {
    nodes[record.node]?.agent.said = node.status?.agent
    for wish in node.spec?.images ?? [] {
      guard let text = wish.order else { continue }
      nodes[record.node]?.agent.texts[wish.image] = text
      guard let order = WarmNode.Order(text) else { continue }
      let id = FleetPod.ID(prepull: order.prepull, node: record.node, nodeUID: record.uid)
      let old = nodes[record.node]?.agent.orders[id]
      // An older one of the same Prepull has ended.
      if let old, old.text != text, old.createdAt >= order.givenAt { continue }
      let images = (old?.text == text ? old?.images : nil) ?? []
      let policy: FleetPod.Policy = wish.refreshes == true ? .always : .ifNotPresent
      nodes[record.node]?.agent.orders[id] = AgentEntry.Order(
        text: text, images: images + [PodOrder.Image(reference: wish.image, policy: policy)],
        createdAt: order.givenAt, isStored: true)
    }
    listen(to: record.node)
  }

  // MARK: The spec

  /// What a node's agent shall do; nil where none was ever asked for anything. That nothing is wanted any more is said in
  /// so many words: an agent takes no silence for it.
  func agentSpec(of node: String) -> WarmNode.Spec? {
    guard let wishes = machine.wishes(of: node) else { return nil }
    var spec = WarmNode.Spec()
    if wishes.isEmpty {
      guard nodes[node]?.record.head?.spec != nil, agents.presence(on: node) != .none else { return nil }
      spec.images = []
      return spec
    }
    spec.images = wishes.map { wish in
      var image = WarmNode.Wish(image: wish.reference, prepulls: wish.prepulls.map(\.key))
      image.digests = wish.digests
      image.order = nodes[node]?.agent.texts[wish.reference]
      image.refreshes = wish.refreshes ? true : nil
      image.timeoutSeconds = Int(wish.timeout.components.seconds)
      // Whoever wants it to stay keeps it.
      let removals = wish.prepulls.map { prepulls[$0.uid]?.settings?.removal ?? .never }
      image.removal = removals.allSatisfy { $0 == .unused } ? Prepull.Removal.unused.rawValue : nil
      return image
    }
    return spec
  }

  mutating func wishing(of node: String) -> ControllerEffect.Write? {
    guard let entry = nodes[node], let uid = entry.uid else { return nil }
    var head = WarmNode(metadata: WarmNode.metadata(of: node, uid: uid))
    head.spec = agentSpec(of: node)
    if head == entry.record.head || (head.spec == nil && !entry.record.isThere) {
      confirmOrders(of: node)
      return nil
    }
    let wanted = Set(head.spec?.images?.map(\.image) ?? [])
    nodes[node]?.agent.texts = entry.agent.texts.filter { wanted.contains($0.key) }
    nodes[node]?.record.head = head
    return .head(head)
  }

  mutating func wished(_ node: String, _ answer: ControllerEffect.Answer) {
    guard case .stored(let version) = answer else {
      // It is not known what is there now.
      nodes[node]?.record.head = nil
      return
    }
    warmNodeStored(node, version)
  }

  /// What was sent last of a WarmNode is stored.
  ///
  /// - Parameter version: nil where it was deleted.
  mutating func warmNodeStored(_ node: String, _ version: String?) {
    nodes[node]?.record.isThere = version != nil
    nodes[node]?.record.version = version
    if version == nil { nodes[node]?.record.head = nil }
    confirmOrders(of: node)
  }

  private mutating func confirmOrders(of node: String) {
    let told = Set(nodes[node]?.record.head?.spec?.images?.compactMap(\.order) ?? [])
    let stored = (nodes[node]?.agent.orders ?? [:]).filter { !$1.isStored && told.contains($1.text) }
    for (id, order) in stored {
      nodes[node]?.agent.orders[id]?.isStored = true
      feed(.podCreated(id, uid: order.text))
    }
    // The agent may have answered before we knew that it was asked.
    if !stored.isEmpty { listen(to: node) }
  }

  // MARK: What agents say

  mutating func takeWarmNodes(_ event: WatchEvent<WarmNodeSketch>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let names = Set(list.compactMap(\.metadata.name))
      for (name, entry) in nodes where entry.record.isThere && !names.contains(name) && isSynced {
        warmNodeDeleted(name)
      }
      for node in list { hear(node) }
    case .applied(let node): hear(node)
    case .deleted(let node): warmNodeDeleted(node.metadata.name ?? "")
    }
  }

  private mutating func hear(_ node: WarmNodeSketch) {
    guard let name = node.metadata.name, let agent = node.status?.agent, nodes[name] != nil else { return }
    guard nodes[name]?.agent.said != agent else { return }
    nodes[name]?.agent.said = agent
    listen(to: name)
  }

  /// Tells the machine what the agent of a node said last.
  private mutating func listen(to name: String) {
    guard let entry = nodes[name], let said = entry.agent.said, let uid = said.nodeUID else { return }
    let images = Dictionary((said.images ?? []).map { ($0.image, $0) }) { first, _ in first }
    for (id, order) in entry.agent.orders where order.isStored && id.nodeUID == uid {
      feed(.pod(Self.pod(id, order, images)))
      for (reference, image) in images where image.order == order.text && image.state == .warm {
        guard let seconds = image.pullSeconds else { continue }
        feed(.pulled(id, reference: reference, seconds: seconds, bytes: image.pulledBytes))
      }
    }
    if let input = Self.input(said, of: name) { feed(input) }
  }

  private static func input(_ said: WarmNode.Agent, of node: String) -> FleetMachine.Input? {
    said.nodeUID.map { .agentSaid(node: node, nodeUID: $0, (said.images ?? []).compactMap(AgentImage.init)) }
  }

  /// What an agent says of an order, as of a pod.
  private static func pod(
    _ id: FleetPod.ID, _ order: AgentEntry.Order, _ said: [String: WarmNode.Held]
  ) -> FleetPod {
    var pod = FleetPod(
      id: id, uid: order.text, purpose: .pull, createdAt: order.createdAt,
      images: order.images.map { image in
        let held = said[image.reference].flatMap { $0.order == order.text ? $0 : nil }
        return FleetPod.Image(
          reference: image.reference, policy: image.policy, report: held.map(FleetPod.Report.init) ?? .waiting)
      })
    pod.isOfAgent = true
    pod.isScheduled = true
    pod.phase = .running
    return pod
  }
}

extension FleetPod.Report {
  fileprivate init(_ held: WarmNode.Held) {
    switch held.state {
    case .warm: self = .held(held.digest.flatMap { try? Digest(parsing: $0) })
    case .failed:
      let failure = WarmFailure(held)
      self = .failing(failure, KubeletMessage.nature(of: failure.code), count: 1)
    case .pending, .pulling, .lost: self = .waiting
    }
  }
}

extension AgentImage {
  fileprivate init?(_ held: WarmNode.Held) {
    switch held.state {
    case .warm: self.init(reference: held.image, state: .held(held.digest.flatMap { try? Digest(parsing: $0) }))
    case .lost where held.retryAfter == nil: self.init(reference: held.image, state: .lost)
    case .lost:
      self.init(
        reference: held.image, state: .resting(WarmFailure(held), until: Duration(timestamp: held.retryAfter)))
    case .pending, .pulling, .failed: return nil
    }
  }
}

extension WarmFailure {
  /// Cleaned, as an agent's node is not trusted with more than itself.
  fileprivate init(_ held: WarmNode.Held) {
    let reason = held.reason ?? "Failed"
    self.init(
      code: reason.prefix(1).lowercased() + reason.dropFirst(), detail: held.message ?? "the agent gave no reason",
      remedy: "")
  }
}
