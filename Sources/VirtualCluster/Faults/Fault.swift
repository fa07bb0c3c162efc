import Documents
package import Kubernetes

/// Something that is to go wrong in a sandbox: asked for through its own API, with kubectl or `prepull sandbox fault`.
///
/// It happens when the object is made. What lasts ends when the object is deleted, or after `seconds`.
package struct Fault: Resource {
  package static let apiVersion = "sandbox.prepull.dev/v1"
  package static let kind = "Fault"
  package static let plural = "faults"
  package static let isNamespaced = false

  package enum Kind: String, Codable, CaseIterable, Sendable {
    case nodeNotReady = "NodeNotReady"
    case kubeletStopped = "KubeletStopped"
    case nodeRemoved = "NodeRemoved"
    case nodeReplaced = "NodeReplaced"
    case diskFull = "DiskFull"
    case missingClusterDNS = "MissingClusterDNS"
    case serverRestart = "ServerRestart"
    case serverSlow = "ServerSlow"
    case watchesCut = "WatchesCut"
    case watchesShort = "WatchesShort"
    case historyCompacted = "HistoryCompacted"
    case leasesRefused = "LeasesRefused"
    case registryDown = "RegistryDown"
    case registrySlow = "RegistrySlow"
    case registryHangs = "RegistryHangs"

    /// Whether it is about one node.
    package var needsNode: Bool {
      switch self {
      case .nodeNotReady, .kubeletStopped, .nodeRemoved, .nodeReplaced, .diskFull, .missingClusterDNS: true
      default: false
      }
    }

    /// Whether it goes on until it is ended; else it happens once.
    package var lasts: Bool {
      switch self {
      case .nodeRemoved, .nodeReplaced, .serverRestart, .watchesCut, .historyCompacted: false
      default: true
      }
    }

    /// What it does, for help texts.
    package var explanation: String {
      switch self {
      case .nodeNotReady: "the node says that it is not ready"
      case .kubeletStopped: "the node falls silent"
      case .nodeRemoved: "the node leaves the cluster for good"
      case .nodeReplaced: "a new machine with an empty disk takes the node's name"
      case .diskFull: "something else takes all of the node's disk"
      case .missingClusterDNS: "the kubelet knows no cluster DNS and warns of it on every pod that asks for it"
      case .serverRestart: "the API server drops all connections and is gone for a second"
      case .serverSlow: "the API server takes 2 s for each request"
      case .watchesCut: "every watch ends now"
      case .watchesShort: "every watch that begins from now on ends after a second"
      case .historyCompacted: "older resource versions are answered with 410 Expired"
      case .leasesRefused: "an admission policy refuses Leases of clients with 422, dry runs too"
      case .registryDown: "the registry answers 503"
      case .registrySlow: "the registry sends 50 kB a second"
      case .registryHangs: "the registry takes requests and never answers"
      }
    }
  }

  package struct Spec: Codable, Hashable, Sendable {
    package var kind: Kind
    package var node: String?
    /// Until it ends by itself.
    package var seconds: Int?

    package init(_ kind: Kind, node: String? = nil, seconds: Int? = nil) {
      self.kind = kind
      self.node = node
      self.seconds = seconds
    }
  }

  package struct Status: Codable, Hashable, Sendable {
    package var message: String?

    package init(message: String? = nil) { self.message = message }
  }

  package var metadata: ObjectMeta
  package var spec: Spec
  package var status: Status?

  package init(_ spec: Spec) {
    metadata = ObjectMeta()
    metadata.generateName = "fault-"
    self.spec = spec
  }

  /// What tells an API server of this kind.
  static var definition: JSON {
    let kinds = JSON.array(Kind.allCases.map { .string($0.rawValue) })
    let spec: JSON = [
      "type": "object", "required": ["kind"],
      "properties": [
        "kind": ["type": "string", "enum": kinds], "node": ["type": "string"],
        "seconds": ["type": "integer", "minimum": 1],
      ],
    ]
    let status: JSON = ["type": "object", "properties": ["message": ["type": "string"]]]
    let columns: JSON = [
      ["name": "Kind", "type": "string", "jsonPath": ".spec.kind"],
      ["name": "Node", "type": "string", "jsonPath": ".spec.node"],
      ["name": "Message", "type": "string", "jsonPath": ".status.message"],
      ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
    ]
    let version: JSON = [
      "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
      "additionalPrinterColumns": columns,
      "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": spec, "status": status]]],
    ]
    return [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": ["name": "faults.sandbox.prepull.dev"],
      "spec": [
        "group": "sandbox.prepull.dev", "scope": "Cluster",
        "names": ["plural": "faults", "singular": "fault", "kind": "Fault", "listKind": "FaultList"],
        "versions": [version],
      ],
    ]
  }
}
