import KubeAPIServer

/// A controller of one kind: it notes what changes in the store, and reconciles what is due of it a little later, so
/// that many changes of one object are one piece of work.
protocol ReconcilingController {
  /// Those that it follows.
  static var resources: [ResourceName] { get }
  var store: Store { get }
  /// Uids of the objects to be reconciled.
  var due: Set<String> { get }

  mutating func note(_ resource: ResourceName, _ event: StoreEvent)
  /// Takes the object out of `due`, and brings about what it asks for.
  mutating func reconcile(_ uid: String)
}

extension ReconcilingController {
  /// Works on a copy until its task is cancelled.
  func run() async {
    var controller = self
    await store.follow(Self.resources, tick: .milliseconds(50)) { change in
      switch change {
      case .event(let resource, let event): controller.note(resource, event)
      case .synced: break
      case .tick: for uid in controller.due { controller.reconcile(uid) }
      }
      return true
    }
  }
}
