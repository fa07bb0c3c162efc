import Serving
import Warming
import ImageModel
import Kubernetes

/// Pods of others, to which ours yield.
extension FleetBoard {
  mutating func takeWaiting(_ event: WatchEvent<WaitingPod>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let names = Set(list.map { PodName($0.metadata) })
      for name in Array(others.names) where !names.contains(name) { othersPodGone(name) }
      for pod in list { othersPodSeen(pod) }
    case .applied(let pod): othersPodSeen(pod)
    case .deleted(let pod): othersPodGone(PodName(pod.metadata))
    }
  }

  private mutating func othersPodSeen(_ pod: WaitingPod) {
    let name = PodName(pod.metadata)
    guard pod.isWaiting, let node = pod.spec.nodeName else { return othersPodGone(name) }
    if others.put(pod, name, at: time) { countSavings(Set(pod.images.values), on: node) }
    judge(node)
  }

  private mutating func othersPodGone(_ name: PodName) {
    if let node = others.remove(name) { judge(node) }
  }

  /// An event of a kubelet about a pod that is not ours.
  mutating func takeOthersEvent(_ event: Event, of name: PodName) {
    guard let uid = event.involvedObject.uid,
      let container = event.involvedObject.fieldPath.flatMap(PodEvent.container)
    else { return }
    let sign: WaitingPods.Sign
    switch event.reason {
    case "Pulling": sign = .pulling
    case "Pulled", "Failed", "BackOff": sign = .over
    default: return
    }
    if let node = others.take(sign, of: container, name, uid: uid, at: time) { judge(node) }
  }

  /// A pod came to a node that holds what it needs, as we had it pulled there.
  private func countSavings(_ images: Set<String>, on node: String) {
    guard images.contains(where: { machine.holds($0, on: node) }), let record = machine.record(of: node) else { return }
    for image in record.images where images.contains(image.reference) {
      if let seconds = image.held?.pullSeconds { metrics.secondsSaved.add(seconds, image.reference) }
    }
  }

  /// Reports to the machine which pod a node is left to, when that changes.
  mutating func judge(_ node: String) {
    let pod = others.puller(on: node, at: time) { isKnown($0, on: node) }
    let last = others.busy[node]
    guard pod != last else { return }
    others.busy[node] = pod
    metrics.yieldingNodes.set(Double(others.busy.count))
    if let last, others.isOverdue(last, at: time) { metrics.yieldTimeouts.add() }
    feed(.busy(node: node, by: pod.map { "\($0.namespace)/\($0.name)" }))
  }

  /// Whether a node is known to hold an image: a pod of ours proved it, or the node lists it.
  private func isKnown(_ image: String, on node: String) -> Bool {
    if machine.holds(image, on: node) { return true }
    guard let reference = try? Reference(parsing: image) else { return false }
    return nodes[node]?.lists(ShortHash(reference.description).value) ?? false
  }
}
