import Documents
import Kubernetes
import Operator
import Warming

/// The pods of runs and of the operator, and what they showed of nodes; of runs also what pods showed that are gone.
package struct LiveRuns: Sendable {
  /// One node's turn in a run.
  package struct Turn: Hashable, Sendable {
    /// Seconds since 1970.
    package var begin: Double
    package var pull: Double?
    package var done: Double?
    package var hasFailed = false
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
    /// When its last pod was gone; nil while it goes on.
    package var ended: Double? { pods.isEmpty ? turns.values.compactMap(\.done).max() : nil }
  }

  /// By what tells runs apart; a Prepull's waves are one.
  package private(set) var runs: [String: Run] = [:]

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

  /// Takes a pod's newest state in, or its last.
  ///
  /// - Parameter prepull: the name of the Prepull with a uid.
  /// - Returns: the node whose cells may have changed.
  mutating func take(_ pod: Pod, isGone: Bool, now: Double, prepull: (String) -> String?) -> String? {
    guard let id = Self.id(of: pod), let node = pod.node else { return nil }
    let isRun = pod.metadata.labels?[RunObjects.Key.run] != nil
    let key = ObjectStore<Pod>.Key(pod)
    let name = isRun ? pod.metadata.labels?[RunObjects.Key.instance] ?? id : prepull(id) ?? "a Prepull"
    var run =
      runs.removeValue(forKey: id)
      ?? Run(kind: isRun ? .run : .prepull, namespace: pod.metadata.namespace ?? "default", name: name, begun: now)
    let reader = PodImages(pod.spec)
    var turn = run.turns[node] ?? Turn(begin: now)
    if run.pods[key] == nil, !isGone, turn.done != nil { turn = Turn(begin: now) }
    var cells = run.cells[node] ?? [:]
    for (asked, named) in Self.images(of: pod) {
      if !run.images.contains(asked) { run.images.append(asked) }
      guard let cell = reader.cell(of: named, in: pod) else { continue }
      cells[asked] = MatrixCell(cell, wantedBy: ["\(run.namespace)/\(name)"])
      if cell.state == .pulling || cell.state == .warm || cell.state == .failed { turn.pull = turn.pull ?? now }
      if cell.state == .failed { turn.hasFailed = true }
      if cell.state == .warm, cells.values.allSatisfy({ $0.state == .warm }) { turn.hasFailed = false }
    }
    if isGone {
      run.pods[key] = nil
      if !run.pods.values.contains(node) { turn.done = turn.done ?? now }
      // Of the operator the record tells what the node holds; a run has none.
      cells = isRun ? cells.filter { $0.value.state != .pulling && $0.value.state != .pending } : [:]
    } else {
      run.pods[key] = node
      turn.done =
        cells.values.allSatisfy { $0.state == .warm } && pod.status?.phase != "Pending" ? turn.done ?? now : nil
    }
    run.cells[node] = cells.isEmpty ? nil : cells
    run.turns[node] = turn
    runs[id] = run
    return node
  }

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
