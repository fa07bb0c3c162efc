import Documents
import KubeAPIServer
import Synchronization

/// All virtual kubelets of a sandbox: hands them their pods, and renews their leases and statuses.
final class KubeletFleet: Sendable {
  private enum Command: Sendable {
    case pod(StoreEvent)
    case ended(PodPlan)
    /// Look at all pods of a node.
    case resync(String)
    /// End all pods of a node.
    case drop(String)
    case evict(uid: String, message: String)
  }

  private struct Worker {
    let node: String
    let ending: AsyncStream<PodSync.Ending>.Continuation
  }

  private let store: Store
  private let pace: Pace
  private let heartbeat: Duration
  private let kubelets = Mutex<[String: VirtualKubelet]>([:])
  private let lastNumber = Mutex(0)
  private let commands: AsyncStream<Command>
  private let orders: AsyncStream<Command>.Continuation

  init(store: Store, pace: Pace, heartbeat: Duration) {
    self.store = store
    self.pace = pace
    self.heartbeat = heartbeat
    (commands, orders) = AsyncStream.makeStream()
  }

  func kubelet(_ name: String) -> VirtualKubelet? { kubelets.withLock { $0[name] } }
  var all: [VirtualKubelet] { kubelets.withLock { Array($0.values) } }

  // MARK: Nodes

  /// The number of the next node.
  func nextNumber() -> Int {
    lastNumber.withLock {
      $0 += 1
      return $0
    }
  }

  /// Registers a node; it takes pods from then on.
  func add(_ kubelet: VirtualKubelet) throws {
    // Known before its object is, or it would look like one that a client made.
    let before = kubelets.withLock { $0.updateValue(kubelet, forKey: kubelet.name) }
    do {
      begin(kubelet, try store.create(NodeDocument.registration(kubelet), as: .nodes))
    } catch {
      kubelets.withLock { $0[kubelet.name] = before }
      throw error
    }
  }

  /// Registers a node whose object is there already; false when it is gone again, or has a kubelet.
  func adopt(_ kubelet: VirtualKubelet, _ node: JSON) -> Bool {
    let isNew = kubelets.withLock { kubelets in
      guard kubelets[kubelet.name] == nil else { return false }
      kubelets[kubelet.name] = kubelet
      return true
    }
    guard isNew else { return false }
    let registration = NodeDocument.registration(kubelet)
    do {
      try store.modify(.nodes, name: kubelet.name) { stored in
        guard stored.uid == node.uid else { throw StatusError.notFound(.nodes, kubelet.name) }
        for place in ["labels", "annotations"] {
          for (key, value) in registration[path: "metadata", place]?.object ?? [:]
          where stored[path: "metadata", place, key] == nil {
            stored[path: "metadata", place, key] = value
          }
        }
        if stored[path: "spec", "podCIDR"] == nil {
          stored[path: "spec", "podCIDR"] = registration[path: "spec", "podCIDR"]
        }
      }
      try store.modify(.nodes, name: kubelet.name, subresource: .status) { $0["status"] = registration["status"] }
    } catch {
      kubelets.withLock { kubelets in
        if kubelets[kubelet.name] === kubelet { kubelets[kubelet.name] = nil }
      }
      return false
    }
    begin(kubelet, node)
    return true
  }

  private func begin(_ kubelet: VirtualKubelet, _ node: JSON) {
    kubelet.state.withLock { $0.nodeUID = node.uid }
    _ = try? store.delete(.leases, namespace: "kube-node-lease", name: kubelet.name)
    _ = try? store.create(NodeDocument.lease(kubelet.name, node: node), as: .leases)
    orders.yield(.resync(kubelet.name))
  }

  /// The machine is gone; its Node object stays.
  func remove(_ name: String) {
    kubelets.withLock { $0[name] = nil }
    orders.yield(.drop(name))
  }

  func silence(_ kubelet: VirtualKubelet, _ isSilent: Bool) {
    kubelet.state.withLock { $0.isSilent = isSilent }
    orders.yield(isSilent ? .drop(kubelet.name) : .resync(kubelet.name))
  }

  func evict(_ uid: String, message: String) { orders.yield(.evict(uid: uid, message: message)) }

  // MARK: Pods

  /// Runs the kubelets until it is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.keepAlive() }
      group.addTask { [store, orders] in
        for await event in store.watch(.pods) { orders.yield(.pod(event)) }
      }
      var workers: [String: Worker] = [:]
      for await command in commands {
        switch command {
        case .pod(.added(let pod)), .pod(.modified(let pod)): meet(pod, &workers, &group)
        case .pod(.deleted(let pod)):
          let uid = pod[path: "metadata", "uid"]?.string ?? ""
          if let node = pod[path: "spec", "nodeName"]?.string { kubelet(node)?.forget(uid) }
          workers[uid]?.ending.yield(.gone)
        case .pod(.bookmark): break
        case .ended(let plan):
          workers[plan.uid] = nil
          // A deletion, or the kubelet's return, may have come while the worker ended.
          if let pod = store.get(.pods, namespace: plan.namespace, name: plan.name) { meet(pod, &workers, &group) }
        case .resync(let node):
          for pod in store.list(.pods, matching: .node(node)).items { meet(pod, &workers, &group) }
        case .drop(let node):
          for worker in workers.values where worker.node == node { worker.ending.yield(.silence) }
        case .evict(let uid, let message): workers[uid]?.ending.yield(.eviction(message))
        }
      }
      group.cancelAll()
    }
  }

  private func meet(_ pod: JSON, _ workers: inout [String: Worker], _ group: inout DiscardingTaskGroup) {
    guard let node = pod[path: "spec", "nodeName"]?.string, let kubelet = kubelet(node), !kubelet.isSilent,
      let uid = pod[path: "metadata", "uid"]?.string
    else { return }
    let isDeleted = pod[path: "metadata", "deletionTimestamp"] != nil
    if let worker = workers[uid] {
      if isDeleted { worker.ending.yield(.deletion) }
      return
    }
    if isDeleted { return delete(pod, uid) }
    if ["Succeeded", "Failed"].contains(pod[path: "status", "phase"]?.string) { return }
    guard let plan = PodPlan(pod) else { return }
    let (endings, ending) = AsyncStream<PodSync.Ending>.makeStream()
    workers[uid] = Worker(node: node, ending: ending)
    group.addTask { [self] in
      await lead(PodSync(plan, kubelet: kubelet), pod, endings)
      kubelet.release(uid)
      orders.yield(.ended(plan))
    }
  }

  /// Nothing runs of it any more.
  private func delete(_ pod: JSON, _ uid: String) {
    _ = try? store.delete(
      .pods, namespace: pod[path: "metadata", "namespace"]?.string, name: pod[path: "metadata", "name"]?.string ?? "",
      options: DeleteOptions(gracePeriod: 0, uid: uid))
  }

  /// One pod from admission to its end.
  private func lead(_ sync: PodSync, _ pod: JSON, _ endings: AsyncStream<PodSync.Ending>) async {
    var sync = sync
    if let refusal = sync.kubelet.admit(sync.plan.uid, PodNeeds(pod["spec"] ?? [:]), pod) {
      sync.recorder.warning(refusal.reason, refusal.message)
      return sync.fail(refusal.reason, "Pod was rejected: \(refusal.message)")
    }
    var ending: PodSync.Ending?
    let start = sync
    await withTaskGroup(of: (PodSync?, PodSync.Ending?).self) { group in
      group.addTask {
        var sync = start
        try? await sync.live()
        return (sync, nil)
      }
      group.addTask {
        for await ending in endings { return (nil, ending) }
        return (nil, nil)
      }
      if let deadline = sync.plan.activeDeadline {
        group.addTask {
          (nil, (try? await Task.sleep(for: deadline)).map { PodSync.Ending.deadline })
        }
      }
      for await (end, cause) in group {
        group.cancelAll()
        if let end { sync = end }
        ending = ending ?? cause
      }
    }
    if let ending, !Task.isCancelled { await sync.end(ending) }
  }

  // MARK: Leases and statuses

  private func keepAlive() async {
    let tick = max(pace.scaled(.seconds(10)), .milliseconds(200))
    var beat = ContinuousClock.now
    while (try? await Task.sleep(for: min(tick, heartbeat))) != nil {
      let isBeat = ContinuousClock.now - beat >= heartbeat
      if isBeat { beat = .now }
      for kubelet in all where !kubelet.isSilent {
        if isBeat { renew(kubelet) }
        if kubelet.state.withLock(\.isCrowded) { await tidy(kubelet) }
        if kubelet.state.withLock({ state in
          defer { state.isChanged = false }
          return state.isChanged
        }) {
          await writeStatus(kubelet)
        }
      }
    }
  }

  private func renew(_ kubelet: VirtualKubelet) {
    _ = try? store.modify(.leases, namespace: "kube-node-lease", name: kubelet.name) {
      $0[path: "spec", "renewTime"] = NodeDocument.microTime
    }
    // While it was silent, somebody else spoke for it.
    if store.get(.nodes, name: kubelet.name)?.condition("Ready") == "Unknown" {
      kubelet.state.withLock { $0.isChanged = true }
    }
  }

  func writeStatus(_ kubelet: VirtualKubelet) async {
    let images = await kubelet.images.all
    _ = try? store.modify(.nodes, name: kubelet.name, subresource: .status) { node in
      node["status"] = NodeDocument.status(kubelet, images: images, over: node["status"] ?? [:])
    }
  }

  /// What the kubelet does about a disk that fills: images go, and where that is not enough, pods.
  func tidy(_ kubelet: VirtualKubelet) async {
    guard let wanted = await kubelet.images.surplus else {
      return kubelet.state.withLock { state in
        state.isCrowded = false
        state.isChanged = state.isChanged || state.hasDiskPressure
        state.hasDiskPressure = false
      }
    }
    let inUse = kubelet.state.withLock { $0.used.values.reduce(into: Set<String>()) { $0.formUnion($1) } }
    let freed = await kubelet.images.collectGarbage(wanted, inUse: inUse)
    kubelet.state.withLock { $0.isChanged = true }
    guard await kubelet.images.surplus != nil else { return }
    for reason in ["FreeDiskSpaceFailed", "ImageGCFailed"] {
      kubelet.recorder.warning(
        reason,
        "Failed to garbage collect required amount of images. Attempted to free \(wanted) bytes, "
          + "but only found \(freed) bytes eligible to free.")
    }
    let uid = kubelet.state.withLock { state in
      state.hasDiskPressure = true
      return state.active.keys.min()
    }
    guard let uid else { return }
    let available = await kubelet.images.availableBytes
    evict(
      uid,
      message: "The node was low on resource: ephemeral-storage. Threshold quantity: "
        + "\(kubelet.template.diskBytes * 15 / 100), available: \(available / 1024)Ki. ")
  }
}
