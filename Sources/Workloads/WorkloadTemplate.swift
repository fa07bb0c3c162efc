package import Documents
package import Kubernetes

/// What the pods of a workload run, and where they may run: all that is needed to warm nodes ahead of them.
package struct WorkloadTemplate: Hashable, Sendable {
  /// An image that the pods use, under the name by which it can be replaced.
  package struct Image: Hashable, Sendable {
    /// The container's name, or that of the volume (KEP-4639).
    package let name: String
    /// As the template writes it; nil where the template leaves it to an admission webhook or the cluster.
    package var reference: String?
  }

  /// For messages: `deployment/web`.
  package let source: String
  package let namespace: String?
  /// Init containers first, then containers, then volumes: the order in which a node needs them.
  package var images: [Image]
  package var pullSecrets: [String]
  package let serviceAccount: String
  package var nodeSelector: StringMap
  /// Nodes must match one of the terms; nil allows all.
  package let affinity: NodeSelector?
  package var tolerations: [Toleration]
  package let runtimeClass: String?
  /// The node that the template names, past the scheduler.
  package let nodeName: String?
  /// Whether the object describes its pods as Kubernetes' own kinds do, so that it says on which nodes they may run.
  package let isPlacementKnown: Bool

  /// Images of an object that does not describe its pods so; they may run anywhere.
  package init(of source: String, namespace: String?, images: [Image]) {
    self.source = source
    self.namespace = namespace
    self.images = images
    pullSecrets = []
    serviceAccount = "default"
    nodeSelector = [:]
    affinity = nil
    tolerations = []
    runtimeClass = nil
    nodeName = nil
    isPlacementKnown = false
  }

  /// Every template of an object, or of each item of a List.
  ///
  /// The spot is found by shape, not by kind, so that resources which embed a pod template as Kubernetes' own do
  /// (Argo Rollouts, OpenKruise) are read too.
  /// - Returns: the templates, none for objects that make no pods.
  package static func all(in object: JSON) throws(WorkloadError) -> [WorkloadTemplate] {
    let kind = object["kind"]?.string ?? ""
    if kind.hasSuffix("List"), let items = object["items"]?.array {
      var templates: [WorkloadTemplate] = []
      for item in items { templates += try all(in: item) }
      return templates
    }
    return try WorkloadTemplate(object).map { [$0] } ?? []
  }

  /// The template of one object; nil when it makes no pods.
  init?(_ object: JSON) throws(WorkloadError) {
    let kind = object["kind"]?.string ?? "object"
    let name = object[path: "metadata", "name"]?.string ?? object[path: "metadata", "generateName"]?.string
    source = ForeignText.clean("\(kind.lowercased())/\(name ?? "?")")
    let spots = [
      ["spec", "template", "spec"], ["spec", "jobTemplate", "spec", "template", "spec"], ["template", "spec"],
    ]
    let pod =
      kind == "Pod"
      ? object["spec"] : spots.lazy.compactMap { object[path: $0[...]] }.first { $0["containers"] != nil }
    guard let pod else { return nil }
    let spec: Spec
    do {
      spec = try pod.decoded()
    } catch {
      throw WorkloadError(.malformed, "\(source): \(Self.explain(error))")
    }
    namespace = object[path: "metadata", "namespace"]?.string
    func named(_ containers: [Spec.Container]?, _ list: String) -> [Image] {
      (containers ?? []).enumerated().map { index, container in
        // Knative's may be without a name.
        Image(name: container.name ?? "\(list)[\(index)]", reference: container.image)
      }
    }
    let volumes = spec.volumes?.compactMap { volume in
      volume.image.map { Image(name: volume.name, reference: $0.reference) }
    }
    images = named(spec.initContainers, "initContainers") + named(spec.containers, "containers") + (volumes ?? [])
    pullSecrets = spec.imagePullSecrets?.compactMap(\.name) ?? []
    serviceAccount = spec.serviceAccountName ?? "default"
    nodeSelector = spec.nodeSelector ?? [:]
    affinity = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    tolerations = spec.tolerations ?? []
    runtimeClass = spec.runtimeClassName
    // A pod that runs already tells where the scheduler put it, not where the next one may go.
    nodeName = object["status"] == nil ? spec.nodeName : nil
    isPlacementKnown = true
  }

  /// Puts another image in the place of one, as `kubectl set image` does.
  ///
  /// - Returns: whether there is such a name.
  package mutating func replace(_ name: String, with reference: String) -> Bool {
    var isFound = false
    for index in images.indices where images[index].name == name {
      images[index].reference = reference
      isFound = true
    }
    return isFound
  }

  /// The fields of a pod that count here, each as lenient as the API is.
  private struct Spec: Decodable {
    struct Container: Decodable {
      let name: String?
      let image: String?
    }
    struct Volume: Decodable {
      struct Image: Decodable {
        let reference: String?
      }
      let name: String
      let image: Image?
    }
    struct Secret: Decodable {
      let name: String?
    }

    let initContainers: [Container]?
    let containers: [Container]
    let volumes: [Volume]?
    let imagePullSecrets: [Secret]?
    let serviceAccountName: String?
    let nodeSelector: StringMap?
    let affinity: Affinity?
    let tolerations: [Toleration]?
    let runtimeClassName: String?
    let nodeName: String?
  }

  private static func explain(_ error: any Error) -> String {
    let (context, missing): (DecodingError.Context?, String?) =
      switch error {
      case DecodingError.keyNotFound(let key, let context): (context, key.stringValue)
      case DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
        DecodingError.valueNotFound(_, let context):
        (context, nil)
      default: (nil, nil)
      }
    guard let context else { return "its pod template cannot be read" }
    let path = context.codingPath.reduce(into: "") { path, key in
      path += key.intValue.map { "[\($0)]" } ?? (path.isEmpty ? "" : ".") + key.stringValue
    }
    let place = path.isEmpty ? "its pod template" : "\(path) of its pod template"
    return missing.map { "\(place) has no \($0)" } ?? "\(place) is not of the right form"
  }
}
