import Documents
import Kubernetes
import Operator
import PrepullAPI
import Warming

/// The pods of runs and of the operator, and what they showed of nodes; of runs also what pods showed that are gone. What
/// agents of nodes do for Prepulls are turns of the same runs.
package struct LiveRuns: Sendable {
  /// One node's turn in a run.
  package struct Turn: Hashable, Sendable {
    /// Seconds since 1970.
    package var begin: Double
    package var pull: Double?
    package var done: Double?
    package var hasFailed = false
    /// Whether the turn before this one, at the same, failed.
    var isRetry = false
    /// Nobody wants any more what had not ended.
    package var isWithdrawn = false

    /// Nil while it goes on.
    var outcome: String? { done == nil ? nil : isWithdrawn ? "withdrawn" : hasFailed ? "failed" : "warm" }
  }

  package struct Run: Sendable {
    package var kind: MatrixColumns.Plan.Kind
    package var namespace: String
    package var name: String
    package var images: [String] = []
    package var begun: Double
    package var turns: [String: Turn] = [:]
    /// By node, then by image.
    var cells: [String: [String: MatrixCell]] = [:]
    /// Of the pods that are there.
    var pods: [ObjectStore<Pod>.Key: String] = [:]

    package var key: String { "\(namespace)/\(name)" }
    /// When its last turn was over and its last pod gone; nil while it goes on.
    package var ended: Double? {
      pods.isEmpty && turns.values.allSatisfy { $0.done != nil } ? turns.values.compactMap(\.done).max() : nil
    }
  }

  /// By what tells runs apart; a Prepull's waves are one.
  package private(set) var runs: [String: Run] = [:]
  /// When an agent last wrote something, by its node; only what the page saw.
  private(set) var heard: [String: Double] = [:]
  /// How often turns changed.
  private(set) var changes = 0
  /// How often a run began, ended or went on.
  private(set) var phases = 0

  package init() {}

  /// Whether a pod is one of these; the others belong to DaemonSets.
  static func owns(_ pod: Pod) -> Bool { id(of: pod) != nil }

  private static func id(of pod: Pod) -> String? {
    let labels = pod.metadata.labels
    return labels?[RunObjects.Key.run] ?? labels?[PullerKey.prepull]
  }

  /// The images that a pod is there for, as they were asked for, each with the container's own.
  private static func images(of pod: Pod) -> [(asked: String, named: String)] {
    if let text = pod.metadata.annotations?[PullerKey.images], let json = try? JSON(parsing: text),
      case .object(let names) = json
    {
      let containers = (pod.spec.initContainers ?? []) + pod.spec.containers
      return containers.compactMap { container in names[container.name]?.string.map { ($0, container.image) } }
    }
    return PodImages(pod.spec).references.map { ($0, $0) }
  }

  // MARK: Pods

  /// Takes a pod's newest state in, or its last.
  ///
  /// - Parameter prepull: the name of the Prepull with a uid.
  /// - Returns: the node whose cells may have changed.
  mutating func take(_ pod: Pod, isGone: Bool, now: Double, prepull: (String) -> String?) -> String? {
    guard let id = Self.id(of: pod), let node = pod.node else { return nil }
    let isRun = pod.metadata.labels?[RunObjects.Key.run] != nil
    let key = ObjectStore<Pod>.Key(pod)
    let hadPods = runs[id].map { !$0.pods.isEmpty }
    let name = isRun ? pod.metadata.labels?[RunObjects.Key.instance] ?? id : prepull(id)
    var run =
      runs.removeValue(forKey: id)
      ?? Run(
        kind: isRun ? .run : .prepull, namespace: pod.metadata.namespace ?? "default", name: name ?? "a Prepull",
        begun: now)
    run.name = name ?? run.name
    let reader = PodImages(pod.spec)
    var turn = run.turns[node] ?? Turn(begin: now)
    if run.pods[key] == nil, !isGone, turn.done != nil {
      turn = Turn(begin: now, isRetry: turn.hasFailed)
    }
    var cells = run.cells[node] ?? [:]
    for (asked, named) in Self.images(of: pod) {
      if !run.images.contains(asked) { run.images.append(asked) }
      guard let cell = reader.cell(of: named, in: pod) else { continue }
      cells[asked] = MatrixCell(cell, wantedBy: ["\(run.namespace)/\(run.name)"])
      if cell.state == .pulling || cell.state == .warm || cell.state == .failed { turn.pull = turn.pull ?? now }
      if cell.state == .failed { turn.hasFailed = true }
      if cell.state == .warm, cells.values.allSatisfy({ $0.state == .warm }) { turn.hasFailed = false }
    }
    let isWarm = cells.values.allSatisfy { $0.state == .warm }
    if isGone {
      run.pods[key] = nil
      if !run.pods.values.contains(node), turn.done == nil {
        turn.done = now
        // Taken away before it was warm; one that tries again has failed all the same.
        if !turn.hasFailed, cells.isEmpty || !isWarm {
          (turn.hasFailed, turn.isWithdrawn) = (turn.isRetry, !turn.isRetry)
        }
      }
      // Of the operator the record tells what the node holds; a run has none.
      cells = isRun ? cells.filter { $0.value.state != .pulling && $0.value.state != .pending } : [:]
    } else {
      run.pods[key] = node
      turn.done = isWarm && pod.status?.phase != "Pending" ? turn.done ?? now : nil
    }
    run.cells[node] = cells.isEmpty ? nil : cells
    if run.turns.updateValue(turn, forKey: node) != turn { changes += 1 }
    if hadPods != !run.pods.isEmpty { phases += 1 }
    runs[id] = run
    return node
  }

  /// The name of a Prepull may come after its pods.
  mutating func name(_ uid: String, _ name: String) { runs[uid]?.name = name }

  // MARK: Agents

  /// Takes in how a WarmNode changed.
  ///
  /// A turn begins when the page sees its order, and ends when the page sees what came of it, by one clock. What was
  /// settled when the page was opened is no turn; what went on then began when the order was given.
  ///
  /// - Parameter isListed: the record was there before the page was.
  mutating func take(_ old: WarmNode?, _ new: WarmNode?, isListed: Bool, now: Double) {
    guard let node = (new ?? old)?.metadata.name else { return }
    if new?.status?.agent == nil {
      heard[node] = nil
    } else if !isListed, new?.status?.agent != old?.status?.agent {
      heard[node] = now
    }
    let (before, after) = (OrderedWork.all(of: old), OrderedWork.all(of: new))
    for (uid, work) in after where work != before[uid] {
      let last = before[uid]?.order
      if let last, work.order.givenAt < last.givenAt {
        // What is left after a newer order was taken back.
        withdraw(node, from: uid, now: now)
        continue
      }
      let isNew = work.order != last
      if var turn = openTurn(of: node, in: uid) {
        follow(work, in: &turn, of: node, now: now)
      } else if !work.isDone || isNew && !isListed {
        // Where it ended at once it began before this was heard.
        let isKnown = isNew && (isListed || work.isDone) && !work.isRepair
        var turn = Turn(begin: isKnown ? min(now, work.order.givenAt / .seconds(1)) : now)
        follow(work, in: &turn, of: node, now: now)
      }
    }
    for uid in before.keys where after[uid] == nil { withdraw(node, from: uid, now: now) }
  }

  private func openTurn(of node: String, in uid: String) -> Turn? {
    runs[uid]?.turns[node].flatMap { $0.done == nil ? $0 : nil }
  }

  private mutating func withdraw(_ node: String, from uid: String, now: Double) {
    guard var turn = openTurn(of: node, in: uid), runs[uid]?.pods.values.contains(node) == false else { return }
    (turn.done, turn.isWithdrawn) = (now, true)
    runs[uid]?.turns[node] = turn
    changes += 1
  }

  private mutating func follow(_ work: OrderedWork, in turn: inout Turn, of node: String, now: Double) {
    if work.isPulling { turn.pull = turn.pull ?? now }
    if work.isDone {
      turn.done = now
      turn.hasFailed = work.hasFailed
      if let seconds = work.pullSeconds { turn.pull = max(turn.begin, now - seconds) }
    }
    let prepull = work.order.prepull
    var run =
      runs[prepull.uid] ?? Run(kind: .prepull, namespace: prepull.namespace, name: prepull.name, begun: now)
    run.images += work.images.filter { !run.images.contains($0) }
    run.turns[node] = turn
    runs[prepull.uid] = run
    changes += 1
  }

  // MARK: Nodes

  /// A node that is gone takes what was known of it along.
  mutating func forget(node: String) {
    for id in runs.keys { runs[id]?.cells[node] = nil }
  }

  /// What pods showed on a node: those of later runs first.
  func cells(on node: String) -> [(image: String, cell: MatrixCell)] {
    runs.values.sorted { $0.begun > $1.begun }.flatMap { run in
      (run.cells[node] ?? [:]).map { ($0.key, $0.value) }
    }
  }

  /// Nodes of which pods show something.
  var nodes: Set<String> { Set(runs.values.flatMap(\.cells.keys)) }
}
