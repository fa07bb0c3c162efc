import Documents
import ImageModel
import KubeAPIServer

/// What a kubelet reads of a pod's specification, once.
struct PodPlan: Sendable {
  enum PullPolicy: String, Sendable { case always = "Always", ifNotPresent = "IfNotPresent", never = "Never" }

  struct Container: Sendable {
    let name: String
    let image: String
    /// What `image` says; nil when it is no reference.
    let reference: Reference?
    let policy: PullPolicy
    /// `command` and `args`; empty for the image's own program.
    let program: [String]
    /// Whether the program's name is given; else it is the image's.
    var hasCommand = true
    /// `spec.containers{name}`.
    let fieldPath: String
    /// An init container that goes on running beside the others (`restartPolicy: Always`).
    var isSidecar = false
    /// What its environment is taken from.
    var sources: [Source] = []
  }

  /// A ConfigMap or Secret that has to be there before a container can be created, and its key.
  struct Source: Sendable {
    let resource: ResourceName
    let object: String
    let key: String?
  }

  /// A volume that cannot be mounted before this object exists, with these keys in it.
  struct Volume: Sendable {
    let name: String
    let resource: ResourceName
    let object: String
    let keys: [String]
  }

  let namespace: String
  let name: String
  let uid: String
  let nodeName: String
  let restartPolicy: String
  let initContainers: [Container]
  let containers: [Container]
  let volumes: [Volume]
  let pullSecrets: [String]
  let dnsPolicy: String
  let isHostNetwork: Bool
  let activeDeadline: Duration?
  let reference: JSON
  /// As the pod came; a restarted kubelet goes on from it.
  let status: JSON

  init?(_ pod: JSON) {
    guard let metadata = pod["metadata"], let spec = pod["spec"], let node = spec["nodeName"]?.string,
      let name = metadata["name"]?.string, let uid = metadata["uid"]?.string
    else { return nil }
    self.name = name
    self.uid = uid
    namespace = metadata["namespace"]?.string ?? "default"
    nodeName = node
    restartPolicy = spec["restartPolicy"]?.string ?? "Always"
    func containers(_ list: String) -> [Container] {
      (spec[list]?.array ?? []).map { container in
        let name = container["name"]?.string ?? ""
        let image = container["image"]?.string ?? ""
        return Container(
          name: name, image: image, reference: try? Reference(parsing: image),
          policy: container["imagePullPolicy"]?.string.flatMap(PullPolicy.init) ?? .ifNotPresent,
          program: ["command", "args"].flatMap { (container[$0]?.array ?? []).compactMap(\.string) },
          hasCommand: container["command"]?.array?.isEmpty == false, fieldPath: "spec.\(list){\(name)}",
          isSidecar: list == "initContainers" && container["restartPolicy"] == "Always",
          sources: Self.sources(container))
      }
    }
    initContainers = containers("initContainers")
    self.containers = containers("containers")
    volumes = (spec["volumes"]?.array ?? []).flatMap(Self.volumes)
    pullSecrets = (spec["imagePullSecrets"]?.array ?? []).compactMap { $0["name"]?.string }
    dnsPolicy = spec["dnsPolicy"]?.string ?? "ClusterFirst"
    isHostNetwork = spec["hostNetwork"] == true
    activeDeadline = spec["activeDeadlineSeconds"]?.integer.map { .seconds($0) }
    reference = StoreEventRecorder.reference(to: pod, kind: "Pod")
    status = pod["status"] ?? [:]
  }

  private static func sources(_ container: JSON) -> [Source] {
    let variables = (container["env"]?.array ?? []).compactMap { $0["valueFrom"] }
    let kinds: [(String, String, ResourceName)] = [
      ("configMapKeyRef", "configMapRef", .configMaps), ("secretKeyRef", "secretRef", .secrets),
    ]
    return kinds.flatMap { one, all, resource in
      (variables.map { $0[one] } + (container["envFrom"]?.array ?? []).map { $0[all] }).compactMap { source in
        guard let source, source["optional"]?.bool != true, let object = source["name"]?.string else { return nil }
        return Source(resource: resource, object: object, key: source["key"]?.string)
      }
    }
  }

  /// What has to be there before a volume can be mounted; a projected one has several sources.
  private static func volumes(_ volume: JSON) -> [Volume] {
    let parts = volume[path: "projected", "sources"]?.array ?? [volume]
    let kinds: [(String, String, ResourceName)] = [
      ("configMap", "name", .configMaps), ("secret", "secretName", .secrets), ("secret", "name", .secrets),
    ]
    return parts.flatMap { part in
      kinds.compactMap { kind, field, resource in
        guard let source = part[kind], source["optional"]?.bool != true, let object = source[field]?.string else {
          return nil
        }
        let keys = (source["items"]?.array ?? []).compactMap { $0["key"]?.string }
        return Volume(name: volume["name"]?.string ?? "", resource: resource, object: object, keys: keys)
      }
    }
  }
}
