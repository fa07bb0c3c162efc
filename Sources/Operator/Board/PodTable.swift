import Kubernetes
import Warming

/// The operator's pods: an entry for each, from its order until it is gone.
struct PodTable: Sendable {
  struct Entry: Sendable {
    let id: FleetPod.ID
    /// It is to be made so.
    var order: PodOrder?
    /// Once it was seen.
    var uid: String?
    var reader: PodReader?
    var deletion: Deletion?

    fileprivate var isEmpty: Bool { order == nil && uid == nil && deletion == nil }
  }

  /// It is to be deleted.
  struct Deletion: Sendable {
    /// Whatever pod has the name when nil.
    let uid: String?
  }

  private var entries: [PodName: Entry] = [:]
  /// Of those that were seen.
  private var names: [FleetPod.ID: PodName] = [:]

  // MARK: What is asked

  subscript(name: PodName) -> Entry? { entries[name] }

  /// The entries of those that were seen and are not gone.
  var seen: some Sequence<Entry> { entries.values.lazy.filter { $0.uid != nil } }
  var seenNames: [PodName] { entries.filter { $0.value.uid != nil }.map(\.key) }

  /// The name of a pod that was seen, or else the one that it is made under.
  func name(of id: FleetPod.ID) -> PodName {
    names[id]
      ?? PodName(
        namespace: id.prepull.namespace, name: PullerNames(id.prepull).pod(node: id.node, nodeUID: id.nodeUID))
  }

  func order(of id: FleetPod.ID) -> PodOrder? { entries[name(of: id)]?.order }

  // MARK: What happens

  mutating func order(_ order: PodOrder) {
    entries[name(of: order.id), default: Entry(id: order.id)].order = order
  }

  /// It was made, or will not be.
  mutating func endOrder(of id: FleetPod.ID) { update(name(of: id)) { $0.order = nil } }

  mutating func seen(_ name: PodName, _ id: FleetPod.ID, uid: String?, _ reader: PodReader) {
    if let old = entries[name], old.id != id { forget(old.id, named: name) }
    entries[name, default: Entry(id: id)].uid = uid
    entries[name]?.reader = reader
    names[id] = name
  }

  mutating func delete(_ id: FleetPod.ID, uid: String?) -> PodName {
    let name = name(of: id)
    entries[name, default: Entry(id: id)].deletion = Deletion(uid: uid)
    return name
  }

  /// - Returns: the deletion that was asked for.
  mutating func endDeletion(of name: PodName) -> Deletion? {
    let deletion = entries[name]?.deletion
    update(name) { $0.deletion = nil }
    return deletion
  }

  /// It is not there any more; nil where it was not seen before.
  mutating func vanished(_ name: PodName) -> Entry? {
    let entry = entries[name]
    update(name) { entry in
      entry.deletion = nil
      entry.uid = nil
      entry.reader = nil
    }
    guard let entry, entry.uid != nil else { return nil }
    if names[entry.id] == name { names[entry.id] = nil }
    return entry
  }

  private mutating func forget(_ id: FleetPod.ID, named name: PodName) {
    entries[name] = nil
    if names[id] == name { names[id] = nil }
  }

  private mutating func update(_ name: PodName, _ change: (inout Entry) -> Void) {
    guard var entry = entries[name] else { return }
    change(&entry)
    entries[name] = entry.isEmpty ? nil : entry
  }
}
