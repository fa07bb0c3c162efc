import Documents
import ImageModel
import Kubernetes
import PrepullAPI
import Warming

/// The objects that the operator makes for one Prepull: a ConfigMap with `touch`, and the pods. The Prepull owns them.
struct PullerObjects: Hashable, Sendable {
  let id: PrepullID
  let tolerations: [Toleration]
  /// How long a pod may live, and on a Windows node.
  let timeout: Duration
  let windowsTimeout: Duration
  let template: PodTemplateOptions

  init(
    _ id: PrepullID, _ settings: PrepullSettings, bearing gates: [String],
    defaults: PodTemplateOptions = PodTemplateOptions()
  ) {
    self.id = id
    template = settings.podTemplate.filling(in: defaults)
    timeout = settings.nodeTimeout
    windowsTimeout = settings.windowsTimeout
    tolerations =
      (settings.nodes.effectiveTolerations + gates.map { TolerationRule(key: $0) }).map(\.toleration)
  }

  var configMap: ConfigMap {
    ConfigMap(
      metadata: metadata(names.configMap), binaryData: PodShell.touchFiles(for: TouchProgram.Architecture.allCases))
  }

  private var names: PullerNames { PullerNames(id) }

  /// The pod that makes a node pull some images, or prove that it holds them.
  ///
  /// - Parameters:
  ///   - machine: of the node: `amd64`, `windows-amd64`.
  ///   - secrets: names of pull secrets.
  func pod(
    node: String, nodeUID: String, purpose: String, machine: String, secrets: [String] = [],
    images: [(reference: String, policy: Container.PullPolicy)]
  ) -> Pod {
    let architecture = TouchProgram.Architecture(rawValue: machine) ?? .amd64
    var taken = ContainerNames(reserved: [])
    let containers = images.enumerated().map { index, image in
      let name = (try? Reference(parsing: image.reference)).map {
        taken.name(for: WantedImage(given: image.reference, reference: $0))
      }
      return PodShell.container(
        named: name ?? "x-\(index)-image", on: image.reference, policy: image.policy, for: architecture,
        template: template)
    }
    let madeFor = JSON.object(
      Dictionary(containers.map { ($0.name, .string($0.image)) }) { first, _ in first })
    var spec = PodShell.spec(
      containers: containers, touch: names.configMap,
      for: architecture, pullSecrets: secrets,
      tolerations: tolerations, priorityClass: nil)
    spec.assign(to: node, timeout: architecture.isWindows ? windowsTimeout : timeout)
    var metadata = metadata(names.pod(node: node, nodeUID: nodeUID))
    metadata.labels = template.labels.merging(metadata.labels ?? [:])
    metadata.annotations = PodShell.evictable.merging(template.annotations).merging([
      PullerKey.node: node, PullerKey.nodeUID: nodeUID, PullerKey.purpose: purpose,
      PullerKey.images: madeFor.text,
    ])
    return Pod(metadata: metadata, spec: spec)
  }

  private func metadata(_ name: String) -> ObjectMeta {
    typealias Key = RunObjects.Key
    var metadata = ObjectMeta(
      name: name, namespace: id.namespace,
      labels: [Key.name: "prepull", Key.managedBy: "prepull", PullerKey.prepull: id.uid])
    metadata.ownerReferences = [
      OwnerReference(
        apiVersion: Prepull.apiVersion, kind: Prepull.kind, name: id.name, uid: id.uid, controller: true)
    ]
    return metadata
  }
}

extension Pod {
  /// The references that its containers were made for, by their names: admission may have renamed images, or added
  /// containers of its own. Nil where the pod does not say so.
  var madeFor: [String: String]? {
    guard let text = metadata.annotations?[PullerKey.images] else { return nil }
    return (try? JSON(parsing: text))?.object?.compactMapValues(\.string)
  }
}
