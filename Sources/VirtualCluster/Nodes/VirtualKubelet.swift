import ImageModel
import Documents
import KubeAPIServer
import Synchronization

/// One node's kubelet: what it knows of its node and of the pods there.
final class VirtualKubelet: Sendable {
  struct State {
    var isReady: Bool
    /// Of the Node object; empty until there is one.
    var nodeUID = ""
    /// Not running: the node's lease and status are not renewed, its pods are not looked after.
    var isSilent = false
    var hasDiskPressure = false
    /// The node's status is to be written.
    var isChanged = false
    var isCrowded = false
    /// By the uid of those pods that are not over.
    var active: [String: PodNeeds] = [:]
    /// Identifiers of the images of each pod's containers, until the pod is gone.
    var used: [String: Set<String>] = [:]
    /// Numbers of the addresses that pods have, by the pods' uids.
    var addresses: [String: Int] = [:]
    var lastAddress = -1
    var hasClusterDNS = true
  }

  let template: NodeTemplate
  /// Number among the sandbox's nodes, for addresses.
  let number: Int
  let store: Store
  let pace: Pace
  let images: NodeImages
  let programs: ProgramRunner
  let recorder: StoreEventRecorder
  let state: Mutex<State>

  init(
    _ template: NodeTemplate, number: Int, store: Store, pace: Pace, images: NodeImages, programs: ProgramRunner
  ) {
    self.template = template
    self.number = number
    self.store = store
    self.pace = pace
    self.images = images
    self.programs = programs
    state = Mutex(State(isReady: template.isReady))
    recorder = StoreEventRecorder(
      store, component: "kubelet", host: template.name,
      object: ["kind": "Node", "name": .string(template.name), "uid": .string(template.name)], pace: pace)
  }

  var name: String { template.name }
  var isReady: Bool { state.withLock(\.isReady) }
  var isSilent: Bool { state.withLock(\.isSilent) }
  var hasClusterDNS: Bool { state.withLock(\.hasClusterDNS) }
  var hostIP: String { "172.18.\(number / 250 % 250).\(number % 250 + 2)" }

  /// The network of its pods; nodes with more than 253 of them have others, too.
  var podCIDR: String { network(0) + ".0/24" }

  private func network(_ block: Int) -> String {
    let (high, low) = (number >> 8, number & 255)
    return switch block {
    case 0: "10.\(high & 127).\(low)"
    case 1: "10.\(128 + high & 127).\(low)"
    default: "100.\(64 + high & 63).\(low)"
    }
  }

  /// An address that no other pod has as long as this one holds it.
  func takePodIP(for uid: String) -> String {
    let index = state.withLock { state in
      let taken = Set(state.addresses.values)
      // Those that were given back rest until all others were given.
      let most = max(253, template.maxPods + 16)
      let last = state.lastAddress
      let index = (1...most).lazy.map { (last + $0) % most }.first { !taken.contains($0) } ?? most
      state.lastAddress = index
      state.addresses[uid] = index
      return index
    }
    return "\(network(index / 253)).\(index % 253 + 2)"
  }

  /// Takes a pod on, or says as a kubelet why it does not.
  func admit(_ uid: String, _ needs: PodNeeds, _ pod: JSON) -> (reason: String, message: String)? {
    let node = store.get(.nodes, name: name) ?? [:]
    return state.withLock { state in
      if state.active[uid] != nil { return nil }
      let system = pod[path: "spec", "os", "name"]?.string ?? template.platform.os
      if system != template.platform.os {
        return ("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
      }
      if state.hasDiskPressure { return ("Evicted", "The node had condition: [DiskPressure]. ") }
      guard NodeMatch.selects(pod["spec"] ?? [:], node) else {
        return ("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
      }
      func lack(_ name: String, _ requested: Int, _ used: Int, _ capacity: Int) -> (String, String)? {
        guard requested + used > capacity, requested > 0 else { return nil }
        return (
          "OutOf\(name)",
          "Node didn't have enough resource: \(name), requested: \(requested), used: \(used), capacity: \(capacity)"
        )
      }
      let used = state.active.values.reduce(PodNeeds(), +)
      if let lack = lack("pods", 1, state.active.count, template.maxPods)
        ?? lack("cpu", Int(needs.cpu * 1000), Int(used.cpu * 1000), template.cpus * 1000)
        ?? lack("memory", Int(needs.memory), Int(used.memory), Int(template.memoryBytes))
      {
        return lack
      }
      state.active[uid] = needs
      return nil
    }
  }

  /// A pod is over: its place is free.
  func release(_ uid: String) {
    state.withLock {
      $0.active[uid] = nil
      $0.addresses[uid] = nil
    }
  }

  /// A pod is gone, and what its containers used may be deleted.
  func forget(_ uid: String) {
    state.withLock {
      $0.active[uid] = nil
      $0.addresses[uid] = nil
      $0.used[uid] = nil
    }
    programs.forget(pod: uid)
  }

  func uses(_ image: HeldImage, by uid: String) {
    state.withLock { _ = $0.used[uid, default: []].insert(image.id) }
  }

  /// Images came or went.
  func imagesChanged() async {
    let isCrowded = await images.surplus != nil
    state.withLock {
      $0.isChanged = true
      $0.isCrowded = $0.isCrowded || isCrowded
    }
  }
}
