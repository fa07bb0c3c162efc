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
      dirty.insert(node)
    case .nodeGone(let node), .nodeSkipped(let node, _), .nodeUnsupported(let node, _):
      ownRun?.nodes.remove(node)
      dirty.insert(node)
    case .imagePulled(_, _, _, let bytes): ownRun?.pulledBytes += bytes ?? 0
    case .stopping, .cleaningUp:
      // No further node is begun.
      dirty.formUnion(ownRun?.nodes ?? [])
      ownRun?.nodes = []
    default: break
    }
  }

  /// Nodes whose turn is still to come.
  func waiting(_ run: LivePods.Run) -> Int {
    if run.kind == .run {
      return isOwn(run) ? ownRun?.nodes.subtracting(run.turns.keys).count ?? 0 : 0
    }
    return prepulls.objects[.init(namespace: run.namespace, name: run.name)]?.status?.nodes?.pending ?? 0
  }

  /// The newest run with these images is the one that said so.
  func isOwn(_ run: LivePods.Run) -> Bool {
    guard let ownRun, run.kind == .run, Set(run.images).isSubset(of: ownRun.images) else { return false }
    return live.runs.values.allSatisfy { $0.kind != .run || $0.begun <= run.begun }
  }
}
