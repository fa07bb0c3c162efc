import ImageModel
import Kubernetes

/// The objects of one run: a ConfigMap with `touch`, which owns everything, and the pods.
package struct RunObjects: Sendable {
  /// The labels and annotations by which objects of ours are found.
  package enum Key {
    package static let name = "app.kubernetes.io/name"
    package static let managedBy = "app.kubernetes.io/managed-by"
    package static let instance = "app.kubernetes.io/instance"
    /// On everything that a run makes: which run.
    package static let run = "prepull.dev/run"
    /// On a run's pods: the number of the pod in its run.
    package static let pod = "prepull.dev/pod"
    /// On a run's pods: the node's name, which may be too long for a label.
    package static let node = "prepull.dev/node"
    /// On a run's ConfigMap: until when the run is alive unless it is renewed. RFC 3339.
    package static let expires = "prepull.dev/expires"

    /// Everything that Prepull made.
    package static let ours = "\(managedBy)=prepull"
  }

  let request: RunRequest
  /// Five characters that tell this run from all others.
  let run: String
  /// Container names by the index of the image, the same in every pod.
  let containerNames: [String]

  init(_ request: RunRequest, run: String = RunObjects.newRun()) {
    self.request = request
    self.run = run
    var names = ContainerNames(reserved: [])
    containerNames = request.images.map { names.name(for: $0) }
  }

  /// Without vowels, so that no word comes out.
  @Sendable package static func newRun() -> String {
    String((0..<5).compactMap { _ in "bcdfghjklmnpqrstvwxz2456789".randomElement() })
  }

  /// What the user knows the run by.
  var instance: String {
    request.name ?? NamingRule.label(from: "prepull-" + (request.images.first?.shortName ?? ""), limit: 40) ?? "prepull"
  }

  /// Of the ConfigMap, and the beginning of the pods' names. With a number it stays within a host name's 63.
  var name: String { "\(NamingRule.label(from: instance, limit: 45) ?? "prepull")-\(run)" }

  /// The run as the one plan of a fleet.
  var owner: PrepullID { PrepullID(namespace: request.namespace, name: name, uid: run) }

  var selector: String { "\(Key.run)=\(run)" }

  private var labels: StringMap {
    [Key.name: "prepull", Key.managedBy: "prepull", Key.instance: instance, Key.run: run]
  }

  func configMap(expires: String) -> ConfigMap {
    ConfigMap(
      metadata: ObjectMeta(
        name: name, namespace: request.namespace, labels: request.template.labels.merging(labels),
        annotations: request.template.annotations.merging([Key.expires: expires])),
      binaryData: PodShell.touchFiles(for: TouchProgram.Architecture.allCases))
  }

  /// The pod that makes a node pull some of the images.
  ///
  /// - Parameters:
  ///   - id: whose number becomes part of the name.
  ///   - isProof: whether it pulls nothing, and starts only where the images are there.
  func pod(
    _ id: FleetPod.ID, images: [Int], architecture: TouchProgram.Architecture, owner: ConfigMap,
    isProof: Bool = false
  ) -> Pod {
    let containers = images.map { index in
      PodShell.container(
        named: containerNames[index], on: request.images[index].given,
        policy: isProof ? .never : request.policy.container, for: architecture, template: request.template)
    }
    var spec = PodShell.spec(
      containers: containers, touch: owner.metadata.name ?? name, for: architecture, pullSecrets: request.pullSecrets,
      tolerations: request.nodes.effectiveTolerations.map(\.toleration), priorityClass: request.priorityClass)
    spec.assign(to: id.node, by: request.placement, timeout: request.timeout(onWindows: architecture.isWindows))
    var metadata = ObjectMeta(
      name: "\(name)-\(id.serial)", namespace: request.namespace,
      labels: request.template.labels.merging(labels).merging([Key.pod: "\(id.serial)"]),
      annotations: PodShell.evictable.merging(request.template.annotations).merging([Key.node: id.node]))
    // Whatever becomes of us, the garbage collector takes the pod when its owner goes.
    metadata.ownerReferences = [
      OwnerReference(
        apiVersion: ConfigMap.apiVersion, kind: ConfigMap.kind, name: owner.metadata.name ?? name,
        uid: owner.metadata.uid ?? "")
    ]
    return Pod(metadata: metadata, spec: spec)
  }
}
