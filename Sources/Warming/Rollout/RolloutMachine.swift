/// Decides what happens on which node and when, without doing any of it.
///
/// Inputs are what was seen and what time it is; it answers with what is to be done: no input, no output, no clock of
/// its own. Invariants: never more nodes at work than the limit; every wanted node that stays ends in exactly one
/// outcome; after a stop nothing is begun; and it comes to an end, as every wait has a limit.
package struct RolloutMachine: Sendable {
  /// A pod that the machine asked for.
  package struct PodID: Hashable, Sendable {
    package let node: String
    /// Which part of the images, when they are too many for one pod.
    package let part: Int
    /// Differs for each pod of a rollout.
    package let serial: Int

    package init(node: String, part: Int, serial: Int) {
      self.node = node
      self.part = part
      self.serial = serial
    }
  }

  package let settings: RolloutSettings
  /// The references, for the coverage.
  let images: [String]

  var nodes: [String: NodeState] = [:]
  /// All nodes in the order in which they came.
  var order: [String] = []
  /// Nodes that wait for their first turn.
  var queue: [String] = []
  /// Nodes whose pod was refused or lost, and that try again when their time has come.
  var retrying: [String] = []
  var active: Set<String> = []
  var lastSerial = 0
  /// By image, how many nodes gave it up for which code.
  var givenUp: [Int: [String: Int]] = [:]
  var failedNodes = 0
  package internal(set) var retries = 0
  package internal(set) var stopped: StopReason?

  package init(images: [String], settings: RolloutSettings) {
    self.images = images
    self.settings = settings
  }

  /// Takes in what was seen at `now`, the time since the start, and says what to do.
  package mutating func handle(_ input: Input, at now: Duration) -> [Action] {
    var actions: [Action] = []
    switch input {
    case .nodeWanted(let name, let uid, let unsupported):
      want(name, uid: uid, unsupported: unsupported, at: now, &actions)
    case .nodeUnwanted(let name): unwant(name)
    case .nodeGone(let name): forget(name, &actions)
    case .podCreated(let id): update(id) { $0.isCreated = true }
    case .podCreationFailed(let id, let failure): creationFailed(id, failure, at: now, &actions)
    case .podScheduled(let id): update(id) { $0.unschedulable = nil }
    case .podUnschedulable(let id, let reason):
      update(id) { $0.unschedulable = ($0.unschedulable?.since ?? now, reason) }
    case .podLost(let id, let reason): if isLive(id) { retry(id.node, reason, at: now, &actions) }
    case .podSucceeded(let id): succeeded(id, at: now, &actions)
    case .image(let id, let image, let signal): take(signal, of: image, from: id, at: now, &actions)
    case .note(let id, let text): if isLive(id) { nodes[id.node]?.note = text }
    case .tick: checkTime(at: now, &actions)
    case .stop(let reason): stop(reason, at: now, &actions)
    }
    startNodes(at: now, &actions)
    return actions
  }

  /// Whether every wanted node has its outcome.
  package var isFinished: Bool { queue.isEmpty && retrying.isEmpty && active.isEmpty }

  /// How the wanted nodes stand, those that came first at the front.
  package var coverage: Coverage {
    var coverage = Coverage(images: images)
    for name in order {
      guard let node = nodes[name] else { continue }
      coverage.append(node: name, cells: node.cells.map(\.cell))
    }
    return coverage
  }

  /// A node's outcome, time at work and number of pods.
  package struct NodeReport: Hashable, Sendable {
    package let name: String
    package let outcome: NodeOutcome?
    package let spent: Duration?
    package let pods: Int
  }

  package var reports: [NodeReport] {
    order.compactMap { name in
      nodes[name].map {
        NodeReport(name: name, outcome: $0.outcome, spent: $0.pods == 0 ? nil : $0.spent, pods: $0.pods)
      }
    }
  }

  package func knows(_ node: String) -> Bool { nodes[node] != nil }

  /// The pods that are there or being made, by what was seen so far.
  package var livePods: [PodID] { nodes.values.flatMap { $0.live.values.map(\.id) } }
}
