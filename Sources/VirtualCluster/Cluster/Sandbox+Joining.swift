import Documents
import ImageModel
import KubeAPIServer
import Kubernetes
import Synchronization

/// Nodes that clients create: each gets a virtual machine, as if it had registered itself.
extension Sandbox {
  /// Gives machines to Node objects that have none, and takes them from those that are deleted; ends when it is
  /// cancelled.
  func followNodes() async {
    await withDiscardingTaskGroup { group in
      for await event in store.watch(.nodes) {
        switch event {
        case .added(let node):
          if fleet.kubelet(ObjectName(node).name) == nil { group.addTask { await self.start(node) } }
        case .deleted(let node):
          let name = ObjectName(node).name
          // The next of that name may be there already.
          if let kubelet = fleet.kubelet(name), kubelet.state.withLock(\.nodeUID) == node.uid { fleet.remove(name) }
        case .modified, .bookmark: break
        }
      }
      group.cancelAll()
    }
  }

  /// The kubelet comes up, with an empty disk, and is ready some time later.
  private func start(_ node: JSON) async {
    let template = NodeTemplate(node)
    guard let images = try? NodeImages(backend(for: template), disk: template.diskBytes, pace: pace) else { return }
    await images.load()
    await images.clear()
    let kubelet = VirtualKubelet(
      template, number: fleet.nextNumber(), store: store, pace: pace, images: images, programs: programs)
    kubelet.state.withLock { ($0.isReady, $0.nodeUID) = (false, node.uid) }
    guard fleet.adopt(kubelet, node) else { return }
    guard (try? await pace.sleep(options.readyAfter)) != nil, fleet.kubelet(template.name) === kubelet else { return }
    kubelet.state.withLock { $0.isReady = true }
    await fleet.writeStatus(kubelet)
  }
}

extension NodeTemplate {
  /// The machine that a Node object tells of: platform by its labels, size by its capacity, ours where it says nothing.
  init(_ node: JSON) {
    func label(_ name: String) -> String? { node[path: "metadata", "labels", "kubernetes.io/\(name)"]?.string }
    func amount(_ name: String) -> Double? {
      node[path: "status", "capacity", name].flatMap(ResourceQuantity.init)?.value
    }
    var platform = Platform(os: label("os") ?? "linux", architecture: label("arch") ?? Platform.host.architecture)
    platform.osVersion = node[path: "metadata", "labels", NodeFacts.windowsBuildLabel]?.string
    self.init(ObjectName(node).name, platform: platform)
    if let cpus = amount("cpu") { self.cpus = max(1, Int(cpus)) }
    if let bytes = amount("memory") { memoryBytes = Int64(bytes) }
    if let bytes = amount("ephemeral-storage") { diskBytes = Int64(bytes) }
    if let pods = amount("pods") { maxPods = Int(pods) }
  }
}
