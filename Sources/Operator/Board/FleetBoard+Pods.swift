import Warming
import ImageModel
import Kubernetes

extension FleetBoard {
  struct PodEntry: Sendable {
    let id: FleetPod.ID
    var uid: String?
    var reader: PodReader
  }

  struct Deletion: Sendable {
    let id: FleetPod.ID?
    let uid: String?
  }

  // MARK: Reading

  mutating func takePods(_ event: WatchEvent<Pod>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let names = Set(list.map { PodName($0.metadata) })
      // The list may be older than a pod: only a look tells.
      for name in pods.keys where !names.contains(name) { writes.want(.look(name), at: time) }
      for pod in list { read(pod) }
      missing.remove(.pods)
    case .applied(let pod): read(pod)
    case .deleted(let pod):
      let name = PodName(pod.metadata)
      if let uid = pods[name]?.uid, uid != pod.metadata.uid { return }
      vanished(name)
    }
  }

  private mutating func read(_ pod: Pod) {
    let name = PodName(pod.metadata)
    guard let id = pod.pullerID else { return }
    var entry = pods[name] ?? PodEntry(id: id, reader: PodReader(references: pod.madeFor))
    if entry.uid != nil, entry.uid != pod.metadata.uid || entry.id != id {
      feed(.podGone(entry.id, uid: entry.uid))
      entry = PodEntry(id: id, reader: PodReader(references: pod.madeFor))
    }
    entry.uid = pod.metadata.uid
    let access = prepulls[id.prepull.uid]
    var fleetPod = FleetPod(id, pod, entry.reader.read(pod)) { reference in
      access.flatMap { answers[$0.answerKey(of: reference)]?.resolution }
    }
    let secrets = pod.spec.imagePullSecrets?.map(\.name) ?? []
    fleetPod.access = PullAccess(namespace: id.prepull.namespace, secrets: secrets)
    pods[name] = entry
    podNames[id] = name
    feed(.pod(fleetPod))
  }

  mutating func vanished(_ name: PodName) {
    deletions[name] = nil
    guard let entry = pods.removeValue(forKey: name) else { return }
    if podNames[entry.id] == name { podNames[entry.id] = nil }
    feed(.podGone(entry.id, uid: entry.uid))
  }

  /// What the kubelet tells of a pull.
  mutating func takeEvent(_ event: WatchEvent<Event>) {
    guard case .applied(let event) = event, let pod = event.involvedObject.name else { return }
    let name = PodName(namespace: event.involvedObject.namespace ?? "", name: pod)
    guard let entry = pods[name] else { return takeOthersEvent(event, of: name) }
    guard let read = PodEvent(event), entry.uid == event.involvedObject.uid,
      let reference = read.container.flatMap({ entry.reader.references[$0] })
    else { return }
    switch read.content {
    case .pulled(let duration, let bytes):
      if let duration { metrics.pullDuration.observe(duration, reference, "pulled") }
      if let bytes { metrics.pulledBytes.add(Double(bytes), reference) }
      feed(.pulled(entry.id, reference: reference, seconds: duration.map { $0 / .seconds(1) }, bytes: bytes))
    case .present: metrics.pullDuration.observe(0, reference, "present")
    case .pulling, .failed, .warning: break
    }
  }

  // MARK: Making

  mutating func creation(of id: FleetPod.ID) -> ControllerEffect.Write? {
    guard let order = orders[id] else { return nil }
    guard let entry = prepulls[id.prepull.uid], let objects = entry.objects, !entry.isLeaving else {
      orders[id] = nil
      let failure = WarmFailure(code: "gone", detail: "the Prepull \(id.prepull.key) is gone", remedy: "")
      feed(.podRefused(id, .final(failure)))
      return nil
    }
    guard entry.ensuredAt != nil else {
      prepulls[id.prepull.uid]?.held.append(id)
      writes.want(.ensure(id.prepull.uid), at: time)
      return nil
    }
    let pod = objects.pod(
      node: id.node, nodeUID: id.nodeUID, purpose: order.purpose.rawValue, architecture: order.architecture,
      secrets: order.access.secrets,
      images: order.images.map { ($0.reference, Container.PullPolicy(rawValue: $0.policy.rawValue)) })
    return .create(pod)
  }

  mutating func ensured(_ uid: String, _ answer: ControllerEffect.Answer) {
    guard let held = prepulls[uid]?.held else { return }
    prepulls[uid]?.held = []
    switch answer {
    case .failed(let error):
      // It may be there as before.
      guard prepulls[uid]?.ensuredAt == nil else { return }
      for id in held {
        orders[id] = nil
        feed(.podRefused(id, CreationFailure(error, of: .podTemplate)))
      }
    default:
      prepulls[uid]?.ensuredAt = time
      for id in held { writes.want(.create(id), at: time) }
    }
  }

  mutating func created(_ id: FleetPod.ID, _ answer: ControllerEffect.Answer) {
    orders[id] = nil
    switch answer {
    case .pod(let pod):
      guard let uid = pod.metadata.uid else { return }
      if pods[PodName(pod.metadata)]?.uid != uid {
        feed(.podCreated(id, uid: uid))
        read(pod)
      }
      if let created = nodes[id.node]?.node.createdAt, pods.count > 0 { noteFirstPod(of: id, created: created) }
    case .failed(let error): feed(.podRefused(id, CreationFailure(error, of: .podTemplate)))
    case .done, .noPod, .stored: break
    }
  }

  /// Only nodes that are new tell how quickly new nodes are noticed.
  private mutating func noteFirstPod(of id: FleetPod.ID, created: Duration) {
    guard records[id.node]?.isThere != true, time - created < .seconds(600) else { return }
    metrics.nodeFirstPod.observe(max(.zero, time - created))
  }

  // MARK: Deleting

  mutating func delete(_ id: FleetPod.ID, uid: String?) {
    let name =
      podNames[id]
      ?? PodName(
        namespace: id.prepull.namespace, name: PullerNames(id.prepull).pod(node: id.node, nodeUID: id.nodeUID))
    deletions[name] = Deletion(id: id, uid: uid)
    writes.want(.delete(name), at: time)
  }

  /// A machine that is gone has no kubelet to confirm that the pod has ended.
  func isForced(_ deletion: Deletion) -> Bool {
    deletion.id.map { nodes[$0.node]?.uid != $0.nodeUID } ?? false
  }

  mutating func deleted(_ name: PodName, _ answer: ControllerEffect.Answer) {
    guard case .noPod = answer, let deletion = deletions.removeValue(forKey: name) else { return }
    if pods[name] != nil {
      vanished(name)
    } else if let id = deletion.id {
      feed(.podGone(id, uid: deletion.uid))
    }
  }
}

extension Pod {
  /// What a pod of the operator is there for; nil when it is none.
  var pullerID: FleetPod.ID? {
    guard let prepull = metadata.labels?[PullerKey.prepull], let node = metadata.annotations?[PullerKey.node],
      let nodeUID = metadata.annotations?[PullerKey.nodeUID],
      let owner = metadata.ownerReferences?.first(where: { $0.uid == prepull })
    else { return nil }
    let id = PrepullID(namespace: metadata.namespace ?? "", name: owner.name, uid: prepull)
    return FleetPod.ID(prepull: id, node: node, nodeUID: nodeUID)
  }
}
