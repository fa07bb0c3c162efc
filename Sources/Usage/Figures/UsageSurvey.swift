package import Kubernetes

/// The images of a cluster at one moment: who uses them and which nodes hold them. Pure.
///
/// What it keeps grows with images x nodes / 8 bytes, not with pods: 500 images on 5,000 nodes take 300 kB.
package struct UsageSurvey: Sendable {
  /// A pod, as far as its images go.
  package struct Pod: Sendable {
    package struct Use: Sendable {
      /// As the pod writes it.
      package var image: String
      /// Whether the kubelet states that its node holds the image.
      package var isThere: Bool
      /// Whether the container waits because the image could not be pulled.
      package var isFailing: Bool

      package init(image: String, isThere: Bool = false, isFailing: Bool = false) {
        self.image = image
        self.isThere = isThere
        self.isFailing = isFailing
      }
    }

    package var node: String?
    package var uses: [Use]
    /// Whether it runs or is about to.
    package var isLive: Bool
    /// Whether it was made within the time that is looked at.
    package var isNew: Bool

    package init(node: String?, uses: [Use], isLive: Bool = true, isNew: Bool = false) {
      self.node = node
      self.uses = uses
      self.isLive = isLive
      self.isNew = isNew
    }
  }

  /// What is known of one image.
  struct Entry {
    let key: ImageKey
    /// As the first of its users writes it; nil while only nodes name it.
    var reference: String?
    var nodes = NodeSet()
    /// Operating systems of the nodes on which it is used; none before it ever was.
    var systems: Set<String> = []
    var pods = 0
    var newPods = 0
    var failing = 0
    /// Pods that workloads ask for and that are not there yet.
    var expected = 0
    var users: Set<String> = []
    var bytes: Int64?
  }

  /// What pods of a workload need.
  struct Workload {
    /// By their entries.
    var images: Set<Int> = []
    let nodes: NodeChoice
  }

  private(set) var workloads: [String: Workload] = [:]
  /// Nodes that take the pods of such a choice.
  private(set) var places: [NodeChoice: NodeSet] = [:]
  /// At most so many different choices are looked at; of the workloads with others nothing is told.
  private static let choicesKept = 1000
  /// At most this many workloads are kept.
  private static let workloadsKept = 20_000
  /// At most this many users are kept by name for an image.
  static let usersKept = 100

  private(set) var entries: [Entry] = []
  private var byKey: [ImageKey: Int] = [:]
  /// Of each way in which an image is written, so that a text is parsed once.
  private var byText: [String: Int] = [:]
  private var nodeNumbers: [String: Int] = [:]
  private(set) var systems: [String] = []
  private var joined: [Double] = []

  /// Nodes, by their operating system.
  package private(set) var nodes: [String: Int] = [:]
  /// Whether nodes are known only from the pods that run on them, as they cannot be listed.
  package var learnsNodes = false
  /// Pods that were counted.
  package private(set) var pods = 0
  /// Nodes that report as many images as a kubelet reports at most: they may hold more.
  package private(set) var fullNodes = 0

  /// How many images a kubelet reports at most (`nodeStatusMaxImages`), unless it is configured otherwise.
  private static let mostReported = 50

  package init() {}

  /// - Parameters:
  ///   - joined: when it did, seconds since 1970.
  ///   - images: names by which the node reports each image, and its size.
  ///   - facts: by which is judged pods of which workloads it takes, of those that were added before; all where nil.
  package mutating func add(
    node name: String, system: String, joined: Double?, images: [(names: [String], bytes: Int64?)],
    facts: NodeFacts? = nil
  ) {
    guard nodeNumbers[name] == nil else { return }
    let number = systems.count
    nodeNumbers[name] = number
    systems.append(system)
    self.joined.append(joined ?? 0)
    nodes[system, default: 0] += 1
    if images.count >= Self.mostReported { fullNodes += 1 }
    for choice in places.keys where facts.map(choice.takesPods) ?? true { places[choice]?.insert(number) }
    for (names, bytes) in images {
      for name in names where !name.hasSuffix("<none>") {
        let index = index(of: name)
        entries[index].nodes.insert(number)
        if let bytes, bytes > 0 { entries[index].bytes = bytes }
      }
    }
  }

  package mutating func add(_ pod: Pod) {
    pods += 1
    if learnsNodes, let node = pod.node { add(node: node, system: "linux", joined: nil, images: []) }
    let node = pod.node.flatMap { nodeNumbers[$0] }
    var seen: Set<Int> = []
    for use in pod.uses where !use.image.isEmpty {
      let index = indexOfUsed(use.image)
      if use.isThere, let node { entries[index].nodes.insert(node) }
      if use.isFailing, pod.isLive { entries[index].failing += 1 }
      if let node { entries[index].systems.insert(systems[node]) }
      guard seen.insert(index).inserted else { continue }
      if pod.isLive { entries[index].pods += 1 }
      if pod.isNew { entries[index].newPods += 1 }
    }
  }

  /// - Parameters:
  ///   - workload: for people, `Deployment web/front`.
  ///   - expected: pods of its present template that are not there yet.
  ///   - nodes: where its pods may run; nodes are added after their workloads.
  package mutating func add(workload: String, images: [String], expected: Int, on nodes: NodeChoice = NodeChoice()) {
    var needed: Set<Int> = []
    for image in Set(images) where !image.isEmpty {
      let index = indexOfUsed(image)
      entries[index].expected += expected
      if entries[index].users.count < Self.usersKept { entries[index].users.insert(workload) }
      needed.insert(index)
    }
    // A Job that has its pods gets no further one.
    guard !needed.isEmpty, expected > 0 || !workload.hasPrefix("Job "),
      workloads[workload] != nil || workloads.count < Self.workloadsKept,
      places[nodes] != nil || places.count < Self.choicesKept
    else { return }
    workloads[workload, default: Workload(nodes: nodes)].images.formUnion(needed)
    places[nodes] = places[nodes] ?? NodeSet()
  }

  /// Counts only which node a pod shows to hold an image, for one that is not there to use it.
  package mutating func hold(_ pod: Pod) {
    guard let node = pod.node.flatMap({ nodeNumbers[$0] }) else { return }
    for use in pod.uses where use.isThere && !use.image.isEmpty { entries[index(of: use.image)].nodes.insert(node) }
  }

  /// Notes that a node held an image, although it may not report it: what events tell.
  ///
  /// - Parameter isUse: whether a pod that used it was the reason.
  package mutating func note(_ image: String, on node: String, isUse: Bool) {
    let index = isUse ? indexOfUsed(image) : index(of: image)
    guard let number = nodeNumbers[node] else { return }
    entries[index].nodes.insert(number)
    if isUse { entries[index].systems.insert(systems[number]) }
  }

  /// Whether a node had just joined then; one that is gone had come for a while only. False where no nodes are known.
  package func isNew(_ node: String, at time: Double) -> Bool {
    guard !systems.isEmpty else { return false }
    return nodeNumbers[node].map { time - joined[$0] < ImageStart.newNodeAge } ?? true
  }

  /// The one name of an image, found without parsing what was parsed before.
  package mutating func key(of image: String) -> ImageKey { entries[index(of: image)].key }

  /// The number of nodes on which an image may be wanted: those that run what it was used on, Linux when it never was.
  func eligible(_ entry: Entry) -> Int {
    entry.systems.isEmpty ? nodes["linux"] ?? 0 : entry.systems.reduce(0) { $0 + (nodes[$1] ?? 0) }
  }

  private mutating func indexOfUsed(_ text: String) -> Int {
    let index = index(of: text)
    if entries[index].reference == nil { entries[index].reference = text }
    return index
  }

  private mutating func index(of text: String) -> Int {
    if let index = byText[text] { return index }
    let key = ImageKey(text)
    let index = byKey[key] ?? entries.count
    if index == entries.count {
      entries.append(Entry(key: key))
      byKey[key] = index
    }
    byText[text] = index
    return index
  }
}

extension NodeChoice {
  /// Whether the scheduler may put such a pod there now.
  fileprivate func takesPods(_ node: NodeFacts) -> Bool {
    if case .skipped = verdict(for: node) { false } else { true }
  }
}
