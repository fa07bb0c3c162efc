import Workloads
import Kubernetes

/// What discovery keeps of a workload.
struct WorkloadEntry: Hashable, Sendable {
  struct Key: Hashable, Sendable {
    let kind: WorkloadKind
    let namespace: String
    let name: String
  }

  struct Use: Hashable, Sendable {
    let container: String
    let reference: String
  }

  let key: Key
  let labels: [String: String]
  let uses: [Use]
  /// By its own annotation or that of its template.
  let isIgnored: Bool
  /// The workload that made it; that of a ReplicaSet's pod is the Deployment that its name tells.
  let owner: Key?
  /// Of what is a revision of its owner: the greatest is the present one.
  let revision: Int?
}

extension WorkloadEntry {
  /// Opts a workload, or the pods of a template, out of discovery, unless its value is `false`.
  static let ignoreAnnotation = "prepull.dev/ignore"

  /// Nil for what makes no pods any more, and for what is Prepull's own.
  init?<Shape: WorkloadShape>(_ object: WorkloadObject<Shape>) {
    let metadata = object.metadata
    let labels = metadata.labels?.entries ?? [:]
    guard let name = metadata.name, let namespace = metadata.namespace, metadata.deletionTimestamp == nil,
      !Self.isDone(object.status, Shape.workload), labels["app.kubernetes.io/managed-by"] != "prepull",
      let template = object.spec.flatMap(Shape.template) ?? object.data?.spec?.template
    else { return nil }
    key = Key(kind: Shape.workload, namespace: namespace, name: name)
    self.labels = labels
    isIgnored = [metadata.annotations, template.metadata?.annotations].contains { annotations in
      annotations?[Self.ignoreAnnotation].map { $0 != "false" } ?? false
    }
    let spec = template.spec
    let containers = (spec?.initContainers ?? []) + (spec?.containers ?? []) + (spec?.ephemeralContainers ?? [])
    let named = containers.map { ($0.name, $0.image) } + (spec?.volumes ?? []).map { ($0.name, $0.image?.reference) }
    uses = named.compactMap { name, image in
      guard let image, !image.isEmpty else { return nil }
      return Use(container: name ?? "?", reference: image)
    }
    owner = metadata.ownerReferences?.first { $0.controller ?? false }
      .flatMap { Self.key(of: $0, in: namespace, hash: labels["pod-template-hash"]) }
    revision = object.revision ?? metadata.annotations?[Self.revisionAnnotation].flatMap { Int($0) }
  }

  /// Of ReplicaSets, by the Deployment controller.
  private static let revisionAnnotation = "deployment.kubernetes.io/revision"

  /// A pod or job that ended is not begun again.
  private static func isDone(_ status: WorkloadStatus?, _ kind: WorkloadKind) -> Bool {
    if ["Succeeded", "Failed"].contains(status?.phase ?? "") { return true }
    return kind == .job && status?.isEndOfJob ?? false
  }

  private static func key(of owner: OwnerReference, in namespace: String, hash: String?) -> Key? {
    if owner.kind == "ReplicaSet", let hash, owner.name.hasSuffix("-\(hash)") {
      return Key(kind: .deployment, namespace: namespace, name: String(owner.name.dropLast(hash.count + 1)))
    }
    return WorkloadKind(rawValue: owner.kind).map { Key(kind: $0, namespace: namespace, name: owner.name) }
  }
}

extension WorkloadEntry.Key {
  /// `Deployment web/front`.
  var text: String { "\(kind.rawValue) \(namespace)/\(name)" }
}
