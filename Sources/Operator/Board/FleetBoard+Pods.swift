import Serving
import Warming
import ImageModel
import Kubernetes

extension FleetBoard {
  // MARK: Reading

  mutating func takePods(_ event: WatchEvent<Pod>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let names = Set(list.map { PodName($0.metadata) })
      // The list may be older than a pod: only a look tells.
      for name in pods.seenNames where !names.contains(name) { writes.want(.look(name), at: time) }
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
    let old = pods[name]
    let isSame = old?.uid == pod.metadata.uid && old?.id == id
    if !isSame, let old, old.uid != nil { feed(.podGone(old.id, uid: old.uid)) }
    var reader = (isSame ? old?.reader : nil) ?? PodReader(references: pod.madeFor)
    let access = prepulls[id.prepull.uid]
    var fleetPod = FleetPod(id, pod, reader.read(pod)) { reference in
      access.flatMap { answers[$0.answerKey(of: reference)]?.resolution }
    }
    let secrets = pod.spec.imagePullSecrets?.map(\.name) ?? []
    fleetPod.access = PullAccess(namespace: id.prepull.namespace, secrets: secrets)
    pods.seen(name, id, uid: pod.metadata.uid, reader)
    feed(.pod(fleetPod))
  }

  mutating func vanished(_ name: PodName) {
    guard let entry = pods.vanished(name) else { return }
    feed(.podGone(entry.id, uid: entry.uid))
  }

  /// What the kubelet tells of a pull.
  mutating func takeEvent(_ event: WatchEvent<Event>) {
    guard case .applied(let event) = event, let pod = event.involvedObject.name else { return }
    let name = PodName(namespace: event.involvedObject.namespace ?? "", name: pod)
    guard let entry = pods[name], let reader = entry.reader else { return takeOthersEvent(event, of: name) }
    guard let read = PodEvent(event), entry.uid == event.involvedObject.uid,
      let reference = read.container.flatMap({ reader.references[$0] })
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
    guard let order = pods.order(of: id) else { return nil }
    guard let entry = prepulls[id.prepull.uid], let objects = entry.objects, !entry.isLeaving else {
      dropOrder(of: id)
      return nil
    }
    guard entry.ensuredAt != nil else {
      prepulls[id.prepull.uid]?.held.append(id)
      writes.want(.ensure(id.prepull.uid), at: time)
      return nil
    }
    let pod = objects.pod(
      node: id.node, nodeUID: id.nodeUID, purpose: order.purpose.rawValue, machine: order.machine,
      secrets: order.access.secrets,
      images: order.images.map { ($0.reference, Container.PullPolicy(rawValue: $0.policy.rawValue)) })
    return .create(pod)
  }

  /// A pod is not made, as its Prepull is gone.
  mutating func dropOrder(of id: FleetPod.ID) {
    pods.endOrder(of: id)
    let failure = WarmFailure(code: "gone", detail: "the Prepull \(id.prepull.key) is gone", remedy: "")
    feed(.podRefused(id, .final(failure)))
  }

  mutating func ensured(_ uid: String, _ answer: ControllerEffect.Answer) {
    guard let held = prepulls[uid]?.held else { return }
    prepulls[uid]?.held = []
    switch answer {
    case .failed(let error):
      // It may be there as before.
      guard prepulls[uid]?.ensuredAt == nil else { return }
      for id in held {
        pods.endOrder(of: id)
        feed(.podRefused(id, CreationFailure(error, of: .podTemplate)))
      }
    default:
      prepulls[uid]?.ensuredAt = time
      for id in held { writes.want(.create(id), at: time) }
    }
  }

  mutating func created(_ id: FleetPod.ID, _ answer: ControllerEffect.Answer) {
    pods.endOrder(of: id)
    switch answer {
    case .pod(let pod):
      guard let uid = pod.metadata.uid else { return }
      if pods[PodName(pod.metadata)]?.uid != uid {
        feed(.podCreated(id, uid: uid))
        read(pod)
      }
      if let created = nodes[id.node]?.node?.createdAt { noteFirstPod(of: id, created: created) }
    case .failed(let error): feed(.podRefused(id, CreationFailure(error, of: .podTemplate)))
    case .done, .noPod, .stored: break
    }
  }

  /// Only nodes that are new tell how quickly new nodes are noticed.
  private mutating func noteFirstPod(of id: FleetPod.ID, created: Duration) {
    guard nodes[id.node]?.record.isThere != true, time - created < .seconds(600) else { return }
    metrics.nodeFirstPod.observe(max(.zero, time - created))
  }

  // MARK: Deleting

  mutating func delete(_ id: FleetPod.ID, uid: String?) {
    writes.want(.delete(pods.delete(id, uid: uid)), at: time)
  }

  func deletion(of name: PodName) -> ControllerEffect.Write? {
    guard let entry = pods[name], let deletion = entry.deletion else { return nil }
    // A machine that is gone has no kubelet to confirm that the pod has ended.
    return .delete(name, uid: deletion.uid, isForced: nodes[entry.id.node]?.uid != entry.id.nodeUID)
  }

  mutating func deleted(_ name: PodName, _ answer: ControllerEffect.Answer) {
    guard case .noPod = answer, let id = pods[name]?.id, let deletion = pods.endDeletion(of: name) else { return }
    if pods[name]?.uid != nil { vanished(name) } else { feed(.podGone(id, uid: deletion.uid)) }
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
