package import Documents
import ImageModel
import KubeAPIServer
import Synchronization

/// What can be made to go wrong with nodes and pods. The API server's faults are at `server`, the registry's at
/// `registry`.
extension Sandbox {
  /// There is no node of that name, or no kubelet of it.
  package struct NoSuchNode: Error, CustomStringConvertible {
    let name: String
    package var description: String { "the sandbox has no node \(name)" }
  }

  private func kubelet(_ name: String) throws(NoSuchNode) -> VirtualKubelet {
    guard let kubelet = fleet.kubelet(name) else { throw NoSuchNode(name: name) }
    return kubelet
  }

  /// Deletes the Node object and the machine; its pods stay until the pod garbage collector comes.
  package func removeNode(_ name: String) throws {
    _ = try kubelet(name)
    fleet.remove(name)
    try store.delete(.nodes, name: name)
  }

  /// A new machine, with empty disk, under the name of an old one: the Node object has another uid.
  package func replaceNode(_ name: String) async throws {
    let template = try kubelet(name).template
    await fleet.kubelet(name)?.images.clear()
    try removeNode(name)
    try await addNode(template)
  }

  /// The kubelet says that its node is or is not ready, as without a network plugin.
  package func setReady(_ name: String, _ isReady: Bool) async throws {
    let kubelet = try kubelet(name)
    kubelet.state.withLock { $0.isReady = isReady }
    await fleet.writeStatus(kubelet)
  }

  /// Whether the kubelet has an address of the cluster's DNS; without one it warns on every pod of `ClusterFirst`.
  package func setClusterDNS(_ name: String, _ isKnown: Bool) throws {
    try kubelet(name).state.withLock { $0.hasClusterDNS = isKnown }
  }

  /// The machine hangs: no lease, no status, nothing happens to its pods.
  package func stopKubelet(_ name: String) throws { fleet.silence(try kubelet(name), true) }

  /// The kubelet comes back; containers that had not ended start again.
  package func startKubelet(_ name: String) async throws {
    let kubelet = try kubelet(name)
    fleet.silence(kubelet, false)
    await fleet.writeStatus(kubelet)
  }

  /// Something else takes all of a node's disk but `free` bytes.
  package func fillDisk(_ name: String, leaving free: Int64 = 0) async throws {
    let kubelet = try kubelet(name)
    await kubelet.images.fill(leaving: free)
    await kubelet.imagesChanged()
  }

  /// The disk is as empty again as the images leave it.
  package func emptyDisk(_ name: String) async throws {
    let kubelet = try kubelet(name)
    await kubelet.images.fill(leaving: nil)
    kubelet.state.withLock { $0.isCrowded = true }
  }

  /// What a node's disk holds.
  package func images(on name: String) async throws -> [HeldImage] { await (try kubelet(name)).images.all }

  /// How often a node's kubelet has pulled which image, by the canonical reference, since the machine is there.
  package func pulls(on name: String) async throws -> [String: Int] {
    let pulls = await (try kubelet(name)).images.pulls
    return Dictionary(pulls.map { ($0.key.description, $0.value) }) { first, _ in first }
  }

  /// The image that a node has under a reference.
  package func image(_ reference: String, on name: String) async throws -> HeldImage? {
    let reference = try Reference(parsing: reference)
    return await (try kubelet(name)).images.image(reference)
  }

  /// Takes an image from a node's disk, with all names of its content, as the kubelet's garbage collection does.
  package func removeImage(_ reference: String, from name: String) async throws {
    let kubelet = try kubelet(name)
    await kubelet.images.remove(try Reference(parsing: reference))
    await kubelet.imagesChanged()
  }

  /// The objects of a kind as the cluster has them, without going through the API server.
  package func objects(_ plural: String, group: String = "", namespace: String? = nil) -> [JSON] {
    store.list(ResourceName(group: group, plural: plural), namespace: namespace).items
  }
}
