import Documents
import KubeAPIServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Deletes the pods of nodes that are no more, 40 s after it first met them.
///
/// Source: `pkg/controller/podgc`, whose look-round every 20 s is shorter here.
struct PodGarbageCollector {
  let store: Store
  let pace: Pace

  func run() async {
    var since: [String: ContinuousClock.Instant] = [:]
    var (bound, nodes): ([String: JSON], Set<String>) = ([:], [])
    await store.follow([.nodes, .pods], tick: max(pace.scaled(.seconds(5)), .milliseconds(100))) { change in
      switch change {
      case .event(.nodes, let event):
        let (node, isGone) = event.object
        let name = ObjectName(node).name
        if isGone { nodes.remove(name) } else { nodes.insert(name) }
      case .event(_, let event):
        let (pod, isGone) = event.object
        bound[pod.uid] = isGone || pod.nodeName == nil ? .none : pod
      case .synced: break
      case .tick:
        for (uid, pod) in bound {
          guard let node = pod.nodeName, !nodes.contains(node) else {
            since[uid] = nil
            continue
          }
          let first = since[uid] ?? .now
          since[uid] = first
          if ContinuousClock.now - first >= pace.scaled(.seconds(40)) {
            collect(pod)
            since[uid] = nil
          }
        }
      }
      return true
    }
  }

  private func collect(_ pod: JSON) {
    let name = ObjectName(pod)
    let now = Date().formatted(.iso8601)
    if !pod.isOver {
      _ = try? store.modify(.pods, namespace: name.namespace, name: name.name, subresource: .status) { stored in
        guard stored.uid == pod.uid else { return }
        stored[path: "status", "phase"] = "Failed"
        stored.set(
          condition: [
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
          ], at: now)
      }
    }
    _ = try? store.delete(
      .pods, namespace: name.namespace, name: name.name, options: DeleteOptions(gracePeriod: 0, uid: pod.uid))
  }
}
