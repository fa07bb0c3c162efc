import Kubernetes
import PrepullAPI
package import Warming

/// What the run that a page stands beside is to do. Only the run itself knows the nodes whose turn is still to come, and
/// how many bytes were pulled.
struct OwnRun: Hashable, Sendable {
  var images: [String]
  /// Those whose turn has not come, too.
  var nodes: Set<String>
  /// Compressed.
  var pulledBytes: Int64 = 0
  /// Nodes that the run itself calls warm: watches may not have told yet.
  var warm: Set<String> = []
  /// Nodes that the run calls ended without that.
  var unfinished: Set<String> = []
  /// How many pulled first, for others to follow; 0 where that was not said.
  var seeds = 0
  /// Nodes that it was to warm, of which none is taken away when it stops.
  var all: Set<String>

  init(images: [String], nodes: Set<String>) {
    (self.images, self.nodes, all) = (images, nodes, nodes)
  }
}

extension MatrixBoard {
  /// Takes in what the run says.
  package mutating func take(_ event: RunEvent) {
    switch event {
    case .planned(let nodes, let images):
      ownRun = OwnRun(images: images, nodes: Set(nodes))
      arePlansDirty = true
      dirty.formUnion(nodes)
    case .nodeAdded(let node):
      ownRun?.nodes.insert(node)
      ownRun?.all.insert(node)
      dirty.insert(node)
    case .nodeGone(let node), .nodeSkipped(let node, _), .nodeUnsupported(let node, _):
      ownRun?.nodes.remove(node)
      ownRun?.all.remove(node)
      dirty.insert(node)
    case .nodeFinished(let node, .warm): ownRun?.warm.insert(node)
    case .nodeFinished(let node, .unsupported): ownRun?.all.remove(node)
    case .nodeFinished(let node, _): ownRun?.unfinished.insert(node)
    case .imagePulled(_, _, _, let bytes): ownRun?.pulledBytes += bytes ?? 0
    case .seedWait(let wait?) where wait.holders == 0:
      let before = ownRun?.seeds ?? 0
      ownRun?.seeds = max(before, wait.pulling)
    case .stopping, .cleaningUp:
      // No further node is begun.
      dirty.formUnion(ownRun?.nodes ?? [])
      ownRun?.nodes = []
    default: break
    }
  }

  /// `The run ended: 18 of 20 nodes are warm.`; nil where there is no run beside the page.
  var runEnding: String? {
    guard let ownRun else { return nil }
    let places = ownRun.images.compactMap { columns.place(of: $0) }
    let good = [Coverage.State.warm.code, Coverage.State.unsupported.code]
    let warm = ownRun.all.count { name in
      ownRun.warm.contains(name)
        || rows[name].map { row in places.allSatisfy { good.contains(row.cells[$0]) } } ?? false
    }
    return "The run ended: \(warm) of \(ownRun.all.count) \(ownRun.all.count == 1 ? "node is" : "nodes are") warm."
  }

  /// Nodes whose turn is still to come.
  func waiting(_ run: LiveRuns.Run) -> Int {
    if run.kind == .run {
      return isOwn(run) ? ownRun?.nodes.subtracting(run.turns.keys).count ?? 0 : 0
    }
    return prepulls.objects[.init(namespace: run.namespace, name: run.name)]?.status?.nodes?.pending ?? 0
  }

  /// How a node's turn ended, by the run itself where the page stands beside it: of what no seed got, nodes that did not
  /// try show nothing.
  func outcome(of turn: LiveRuns.Turn, on node: String, in run: LiveRuns.Run) -> String? {
    guard turn.outcome == "warm", isOwn(run), ownRun?.unfinished.contains(node) == true else { return turn.outcome }
    return "withdrawn"
  }

  /// The newest run with these images is the one that said so.
  func isOwn(_ run: LiveRuns.Run) -> Bool {
    guard let ownRun, run.kind == .run, Set(run.images).isSubset(of: ownRun.images) else { return false }
    return live.runs.values.allSatisfy { $0.kind != .run || $0.begun <= run.begun }
  }
}
