import Documents
import KubeAPIServer

/// Deletes what belongs to objects that are gone, by `ownerReferences`: in the background, in the foreground (what
/// belongs to an object goes before it), or not at all (orphans lose the reference).
///
/// Source: `pkg/controller/garbagecollector`.
struct GarbageCollector {
  private struct Owned {
    let resource: ResourceName
    let name: ObjectName
    let owners: [JSON]
  }

  private let store: Store
  private var objects: [String: Owned] = [:]
  /// Uids of what belongs to an uid.
  private var dependants: [String: Set<String>] = [:]
  private var resources: [String: ResourceName] = [:]
  /// Before everything is known, what belongs to an object may be overlooked.
  private var isSynced = false

  init(store: Store) { self.store = store }

  func run() async {
    while !Task.isCancelled {
      var copy = self
      let definitions = store.definitions
      for definition in definitions {
        copy.resources["\(definition.apiVersion)/\(definition.kind)"] = definition.name
      }
      // Nothing belongs to an event, and there are many.
      let kinds = definitions.map(\.name).filter { $0 != .events }
      await store.follow(kinds, tick: .milliseconds(500)) { change in
        switch change {
        case .event(let resource, let event): copy.note(resource, event)
        case .synced: copy.begin()
        // New kinds are followed too.
        case .tick: return store.definitions.count == definitions.count
        }
        return true
      }
    }
  }

  /// Everything is known: what was already due is done.
  private mutating func begin() {
    isSynced = true
    for (uid, owned) in objects {
      guard let object = stored(owned), object.uid == uid else { continue }
      if object.isTerminating { finalize(object) } else if !owned.owners.isEmpty { collect(uid) }
    }
  }

  private mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    let uid = object.uid
    let before = objects[uid]
    if isGone {
      objects[uid] = nil
      for owner in before?.owners ?? [] { unlink(uid, from: owner) }
      for dependant in dependants.removeValue(forKey: uid) ?? [] where isSynced { collect(dependant) }
      return
    }
    let owners = object[path: "metadata", "ownerReferences"]?.array ?? []
    objects[uid] = Owned(resource: resource, name: ObjectName(object), owners: owners)
    if before?.owners ?? [] != owners {
      for owner in before?.owners ?? [] { unlink(uid, from: owner) }
      for owner in owners { dependants[owner["uid"]?.string ?? "", default: []].insert(uid) }
      if isSynced, !owners.isEmpty, !object.isTerminating { collect(uid) }
    }
    if isSynced, object.isTerminating { finalize(object) }
  }

  private func finalize(_ object: JSON) {
    let uid = object.uid
    let finalizers = (object[path: "metadata", "finalizers"]?.array ?? []).compactMap(\.string)
    if finalizers.contains("orphan") { orphan(uid) }
    if finalizers.contains("foregroundDeletion") { deleteInForeground(uid) }
  }

  private mutating func unlink(_ uid: String, from owner: JSON) {
    let key = owner["uid"]?.string ?? ""
    dependants[key]?.remove(uid)
    if let left = dependants[key], left.isEmpty { dependants[key] = nil }
    // The owner may have waited for this one.
    if let waiting = objects[key], let object = stored(waiting), object.isTerminating,
      object[path: "metadata", "finalizers"]?.array?.contains("foregroundDeletion") == true
    {
      deleteInForeground(key)
    }
  }

  private func stored(_ owned: Owned) -> JSON? {
    store.get(owned.resource, namespace: owned.name.namespace, name: owned.name.name)
  }

  /// Whether the object that a reference names is there; also when it is on its way out.
  private func owner(_ reference: JSON, of owned: Owned) -> JSON? {
    let kind = "\(reference["apiVersion"]?.string ?? "")/\(reference["kind"]?.string ?? "")"
    guard let resource = resources[kind] else { return nil }
    let isNamespaced = store.definition(resource)?.isNamespaced ?? true
    let found = store.get(
      resource, namespace: isNamespaced ? owned.name.namespace : nil, name: reference["name"]?.string ?? "")
    return found?.uid == reference["uid"]?.string ? found : .none
  }

  /// Whether the kind of an owner is not known, as it was defined just now: what belongs to it stays.
  private func isUnknown(_ reference: JSON) -> Bool {
    resources["\(reference["apiVersion"]?.string ?? "")/\(reference["kind"]?.string ?? "")"] == nil
  }

  /// Deletes an object none of whose owners is left; one that has others loses the references to those that are gone.
  private func collect(_ uid: String) {
    guard let owned = objects[uid], let object = stored(owned), object.uid == uid, !object.isTerminating else { return }
    let references = object[path: "metadata", "ownerReferences"]?.array ?? []
    guard !references.isEmpty else { return }
    let solid = references.filter { isUnknown($0) || owner($0, of: owned) != nil }
    if solid.isEmpty {
      let isForeground = object[path: "metadata", "finalizers"]?.array?.contains("foregroundDeletion") ?? false
      _ = try? store.delete(
        owned.resource, namespace: owned.name.namespace, name: owned.name.name,
        options: DeleteOptions(propagation: isForeground ? .foreground : .background, uid: uid))
    } else if solid.count < references.count {
      _ = try? store.modify(owned.resource, namespace: owned.name.namespace, name: owned.name.name) {
        $0[path: "metadata", "ownerReferences"] = .array(solid)
      }
    }
  }

  private func orphan(_ uid: String) {
    for dependant in dependants[uid] ?? [] {
      guard let owned = objects[dependant] else { continue }
      _ = try? store.modify(owned.resource, namespace: owned.name.namespace, name: owned.name.name) { object in
        let rest = (object[path: "metadata", "ownerReferences"]?.array ?? []).filter { $0["uid"]?.string != uid }
        object[path: "metadata", "ownerReferences"] = rest.isEmpty ? .none : .array(rest)
      }
    }
    remove(finalizer: "orphan", of: uid)
  }

  /// Deletes what belongs to an object; the object goes when nothing is left that blocks its deletion.
  private func deleteInForeground(_ uid: String) {
    var blocking = 0
    for dependant in dependants[uid] ?? [] {
      guard let owned = objects[dependant], let object = stored(owned), object.uid == dependant else { continue }
      let references = object[path: "metadata", "ownerReferences"]?.array ?? []
      let blocks = references.contains { $0["uid"]?.string == uid && $0["blockOwnerDeletion"]?.bool == true }
      if blocks { blocking += 1 }
      let hasOther = references.contains { reference in
        reference["uid"]?.string != uid && owner(reference, of: owned).map { !$0.isTerminating } ?? false
      }
      guard !object.isTerminating, !hasOther else { continue }
      _ = try? store.delete(
        owned.resource, namespace: owned.name.namespace, name: owned.name.name,
        options: DeleteOptions(propagation: blocks ? .foreground : .background, uid: dependant))
    }
    if blocking == 0 { remove(finalizer: "foregroundDeletion", of: uid) }
  }

  private func remove(finalizer: String, of uid: String) {
    guard let owned = objects[uid] else { return }
    _ = try? store.modify(owned.resource, namespace: owned.name.namespace, name: owned.name.name) { object in
      guard object.uid == uid else { return }
      let rest = (object[path: "metadata", "finalizers"]?.array ?? []).filter { $0.string != finalizer }
      object[path: "metadata", "finalizers"] = rest.isEmpty ? .none : .array(rest)
    }
  }
}
