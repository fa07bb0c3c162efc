import Serving
import PrepullAPI
import Warming
import ImageModel
import Kubernetes

extension FleetBoard {
  /// A node, and what is to be written about it.
  struct NodeEntry: Sendable {
    struct Mark: Sendable {
      let uid: String
      /// Nil takes the condition away.
      let isWarm: Bool?
      let message: String
    }

    var node: FleetNode?
    var taints: [Taint] = []
    /// Hashes of the names of the images that it lists, ascending.
    var listed: [UInt64] = []
    var record = RecordEntry()
    var agent = AgentEntry()
    var mark: Mark?
    /// By taint.
    var openings: [String: GateOpening] = [:]

    var uid: String? { node?.facts.uid }

    func lists(_ name: UInt64) -> Bool {
      let index = listed.partitioningIndex { $0 >= name }
      return index < listed.count && listed[index] == name
    }
  }

  struct RecordEntry: Sendable {
    /// Of the record that is to be stored.
    var serial = 0
    /// Of the record that is being stored.
    var sent = 0
    /// Whether there is a WarmNode, and in which version.
    var isThere = false
    var version: String?
    var conditions: [APICondition] = []
    /// What was last asked to be written of it besides its status.
    var head: WarmNode?
  }

  /// `status.images` has this many entries at most, if nobody changed the kubelet's `nodeStatusMaxImages`.
  private static let longestList = 50

  // MARK: Nodes

  mutating func takeNodes(_ event: WatchEvent<NodeSketch>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let names = Set(list.compactMap(\.metadata.name))
      for name in nodes.keys.sorted() where nodes[name]?.node != nil && !names.contains(name) { nodeGone(name) }
      for node in list { put(node) }
      missing.remove(.nodes)
    case .applied(let node): put(node)
    case .deleted(let node): nodeGone(node.metadata.name ?? "")
    }
  }

  private mutating func put(_ sketch: NodeSketch) {
    var node = FleetNode(
      facts: NodeFacts(sketch), createdAt: Duration(timestamp: sketch.metadata.creationTimestamp) ?? time)
    node.bootID = sketch.status?.nodeInfo?.bootID ?? ""
    (node.madeAt, node.images) = (sketch.metadata.creationTimestamp ?? "", sketch.status?.images?.count ?? 0)
    let listed = sketch.status?.images ?? ListedImages()
    if listed.count < Self.longestList { node.listed = listed.names.compactMap { wantedNames[$0] }.sorted() }
    node.hasDiskPressure = sketch[condition: "DiskPressure"]?.status == "True"
    node.agent = agents.presence(on: node.facts.name)
    node.isMarkedWarm = sketch[condition: PullerKey.warm].map { $0.status == "True" }
    let name = node.facts.name
    let old = nodes[name]?.node
    nodes[name, default: NodeEntry()].node = node
    nodes[name]?.taints = sketch.spec?.taints ?? []
    nodes[name]?.listed = listed.names.sorted()
    guard old != node else { return }
    if old?.facts.platform != node.facts.platform { count(old, -1); count(node, 1) }
    feed(.node(node))
  }

  private mutating func nodeGone(_ name: String) {
    // A write that waits finds nothing to do then.
    guard let old = nodes.removeValue(forKey: name)?.node else { return }
    count(old, -1)
    others.busy[name] = nil
    metrics.yieldingNodes.set(Double(others.busy.count))
    feed(.nodeGone(name))
  }

  /// Keeps the platforms that images are resolved for.
  private mutating func count(_ node: FleetNode?, _ change: Int) {
    guard let node, !node.facts.architecture.isEmpty else { return }
    let platform = node.facts.platform
    let count = (platforms[platform] ?? 0) + change
    if (count == 0) != (platforms[platform] == nil) { hasNewWishes = true }
    platforms[platform] = count == 0 ? nil : count
  }

  // MARK: Records

  mutating func remember(_ page: [ControllerSignal.Remembered]) {
    for warmNode in page {
      guard let record = warmNode.record else { continue }
      nodes[record.node, default: NodeEntry()].record = RecordEntry(
        isThere: true, version: warmNode.metadata.resourceVersion, conditions: warmNode.status?.conditions ?? [],
        head: warmNode.comparableHead)
      feed(.remembered(record))
      rememberOrders(of: warmNode, record)
    }
  }

  /// Somebody deleted it, or its node is gone.
  mutating func warmNodeDeleted(_ name: String) {
    nodes[name]?.record.isThere = false
    nodes[name]?.record.version = nil
    nodes[name]?.record.head = nil
    if nodes[name]?.node != nil { writes.want(.record(name), at: time + machine.limits.recordDelay) }
  }

  mutating func storage(of node: String) -> ControllerEffect.Write? {
    guard let entry = nodes[node]?.record else { return nil }
    guard let record = machine.record(of: node) else {
      feed(.recorded(node: node, serial: entry.serial))
      return nil
    }
    nodes[node]?.record.sent = entry.serial
    let spec = agentSpec(of: node)
    if record.isEmpty, spec == nil {
      if entry.isThere { return .forget(node: node) }
      feed(.recorded(node: node, serial: entry.serial))
      return nil
    }
    var warmNode = WarmNode(
      record, architecture: nodes[node]?.node?.facts.architecture ?? "", conditions: entry.conditions,
      at: time.timestamp)
    nodes[node]?.record.conditions = warmNode.status?.conditions ?? []
    warmNode.spec = spec
    let isWhole = warmNode.head != entry.head
    if isWhole { nodes[node]?.record.head = warmNode.head }
    return .record(warmNode, version: entry.version, isWhole: isWhole)
  }

  mutating func stored(_ node: String, _ answer: ControllerEffect.Answer) {
    guard let entry = nodes[node]?.record else { return }
    switch answer {
    case .stored(let version):
      warmNodeStored(node, version)
      feed(.recorded(node: node, serial: entry.sent))
    default: break
    }
  }

  // MARK: Gates and conditions

  func opening(_ opening: GateOpening, of node: String) -> ControllerEffect.Write? {
    guard let entry = nodes[node], entry.uid == opening.uid,
      let patch = GatePatch.removal(of: opening.taint, from: entry.taints, nodeUID: opening.uid)
    else { return nil }
    return .patchNode(node, patch, subresource: nil)
  }

  mutating func opened(_ taint: String, of node: String, _ answer: ControllerEffect.Answer) {
    let isForbidden = if case .failed(let error) = answer { error.code == .forbidden } else { false }
    if case .done = answer { noteGateRight(true) } else if isForbidden { noteGateRight(false) }
    // Another failure than these is tried again.
    if case .failed(let error) = answer, error.code != .notFound, !isForbidden { return }
    let opening = nodes[node]?.openings.removeValue(forKey: taint)
    guard case .done = answer, let opening else { return }
    metrics.gateWait.observe(opening.waited, opening.reason.rawValue)
    let node = Event.ObjectReference(apiVersion: "v1", kind: Node.kind, name: opening.node, uid: opening.uid)
    let seconds = opening.waited.components.seconds
    switch opening.reason {
    case .warm:
      tell("GateOpened", "The node is warm: the taint \(opening.taint) was removed after \(seconds) s", about: node)
    case .deadlinePassed:
      tell(
        "GateOpenedCold",
        "The taint \(opening.taint) was removed after \(seconds) s although the node is cold, as the gate's deadline "
          + "has passed; see kubectl get warmnode \(opening.node) -o yaml", isWarning: true, about: node)
    case .unclaimed:
      tell(
        "GateOpened", "The taint \(opening.taint) was removed after \(seconds) s, as no Prepull waits for the node",
        about: node)
    }
  }

  /// Every Prepull with a gate says what keeps it closed.
  private mutating func noteGateRight(_ isThere: Bool) {
    guard mayOpenGates != isThere else { return }
    mayOpenGates = isThere
    for (uid, entry) in prepulls where entry.settings?.gate != nil { statusChanged(uid) }
  }

  func marking(of node: String) -> ControllerEffect.Write? {
    guard mayMark, let entry = nodes[node], let mark = entry.mark, entry.uid == mark.uid,
      entry.node?.isMarkedWarm != mark.isWarm
    else { return nil }
    let patch =
      mark.isWarm.map { isWarm in
        GatePatch.condition(
          isWarm: isWarm, reason: isWarm ? "AllImagesWarm" : "ImagesMissing", message: mark.message,
          at: time.timestamp)
      } ?? GatePatch.noCondition
    return .patchNode(node, patch, subresource: "status")
  }
}

extension NodeFacts {
  init(_ node: NodeSketch) {
    self.init(name: node.metadata.name ?? "", uid: node.metadata.uid ?? "")
    labels = node.metadata.labels?.entries ?? [:]
    taints = node.spec?.taints?.map { Taint(key: $0.key, value: $0.value ?? "", effect: $0.effect) } ?? []
    isReady = node[condition: "Ready"]?.status == "True"
    isSchedulable = !(node.spec?.unschedulable ?? false)
    isBeingDeleted = node.metadata.deletionTimestamp != nil
    // The labels say the same, for a node whose kubelet has not reported yet.
    os = node.status?.nodeInfo?.operatingSystem ?? labels["kubernetes.io/os"] ?? "linux"
    architecture = node.status?.nodeInfo?.architecture ?? labels["kubernetes.io/arch"] ?? ""
    if os == "windows" { osVersion = labels[Self.windowsBuildLabel] }
  }
}

extension Array {
  /// The first index whose element meets a condition that all after it meet too.
  fileprivate func partitioningIndex(where isSecond: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
