import Documents
import KubeAPIServer

/// Empties namespaces that are to be deleted, and lets them go.
struct NamespaceController {
  let store: Store

  func run() async {
    var terminating: Set<String> = []
    await store.follow([.namespaces], tick: .milliseconds(50)) { change in
      switch change {
      case .event(_, let event):
        let (object, isGone) = event.object
        let name = ObjectName(object).name
        if !isGone, object.isTerminating { terminating.insert(name) } else { terminating.remove(name) }
      case .synced: break
      case .tick: for name in terminating { empty(name) }
      }
      return true
    }
  }

  /// Deletes what is in a namespace; once nothing is, the namespace itself.
  private func empty(_ namespace: String) {
    var left = 0
    for definition in store.definitions where definition.isNamespaced {
      for object in store.list(definition.name, namespace: namespace).items {
        left += 1
        guard !object.isTerminating else { continue }
        let deletion = try? store.delete(
          definition.name, namespace: namespace, name: ObjectName(object).name,
          options: DeleteOptions(propagation: .background, uid: object.uid))
        if deletion?.isGone == true { left -= 1 }
      }
    }
    guard left == 0 else { return }
    _ = try? store.modify(.namespaces, name: namespace, subresource: .finalize) {
      $0[path: "spec", "finalizers"] = []
    }
  }
}
