import Kubernetes
import Planning

extension FleetBoard {
  mutating func takeWaiting(_ event: WatchEvent<WaitingPod>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let names = Set(list.map { PodName($0.metadata) })
      for name in Array(others.names) where !names.contains(name) { put(nil, name) }
      for pod in list { put(pod, PodName(pod.metadata)) }
    case .applied(let pod): put(pod, PodName(pod.metadata))
    case .deleted(let pod): put(nil, PodName(pod.metadata))
    }
  }

  private mutating func put(_ pod: WaitingPod?, _ name: PodName) {
    if let pod, pod.waitsForImages, let node = pod.spec.nodeName {
      guard others.entries[name] == nil else { return }
      others.put(name, on: node, images: pod.images, at: time)
      countSavings(pod.images, on: node)
      judge(node)
    } else if let node = others.remove(name) {
      judge(node)
    }
  }

  /// A pod came to a node that holds what it needs, as we had it pulled there.
  private func countSavings(_ images: Set<String>, on node: String) {
    guard images.contains(where: { machine.holds($0, on: node) }), let record = machine.record(of: node) else { return }
    for image in record.images where images.contains(image.reference) {
      if let seconds = image.held?.pullSeconds { metrics.secondsSaved.add(seconds, image.reference) }
    }
  }

  /// Tells the machine when a node became busy or is so no longer.
  mutating func judge(_ node: String) {
    let isBusy = others.isBusy(node, at: time, courtesy: pace.courtesy) { machine.holds($0, on: node) }
    guard isBusy != others.busy.contains(node) else { return }
    if isBusy { others.busy.insert(node) } else { others.busy.remove(node) }
    feed(.busy(node: node, isBusy))
  }
}
