/// The pods that a controller makes.
package struct PodTemplateSpec: Codable, Hashable, Sendable {
  package var metadata: ObjectMeta
  package var spec: PodSpec

  package init(metadata: ObjectMeta, spec: PodSpec) {
    self.metadata = metadata
    self.spec = spec
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try container.decodeIfPresent(ObjectMeta.self, forKey: .metadata) ?? ObjectMeta()
    spec = try container.decode(PodSpec.self, forKey: .spec)
  }
}

/// What a pod runs, where and as whom.
package struct PodSpec: Codable, Hashable, Sendable {
  /// `linux` or `windows`: which fields of the pod have a meaning.
  package struct System: Codable, Hashable, Sendable {
    package var name: String

    package init(name: String) { self.name = name }
  }

  package var os: System?
  /// Set by the scheduler, or by who makes the pod and bypasses the scheduler.
  package var nodeName: String?
  package var restartPolicy: String?
  package var serviceAccountName: String?
  package var nodeSelector: StringMap?
  package var affinity: Affinity?
  package var tolerations: [Toleration]?
  package var priorityClassName: String?
  package var preemptionPolicy: String?
  /// `ClusterFirst` when nil; `Default` is the node's own.
  package var dnsPolicy: String?
  /// Seconds after which the kubelet fails the pod.
  package var activeDeadlineSeconds: Int?
  package var automountServiceAccountToken: Bool?
  package var enableServiceLinks: Bool?
  package var terminationGracePeriodSeconds: Int?
  package var imagePullSecrets: [LocalObjectReference]?
  package var securityContext: PodSecurityContext?
  package var initContainers: [Container]?
  package var containers: [Container]
  package var volumes: [Volume]?

  package init(containers: [Container]) { self.containers = containers }
}

/// A taint that a pod tolerates. Without a key it is every taint.
package struct Toleration: Codable, Hashable, Sendable {
  package struct Operator: OpenName {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let exists = Operator(rawValue: "Exists")
    package static let equal = Operator(rawValue: "Equal")
    /// Since 1.35, alpha: the taint's value is a number less than this one's.
    package static let lt = Operator(rawValue: "Lt")
    package static let gt = Operator(rawValue: "Gt")
  }

  package struct Effect: OpenName {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let noSchedule = Effect(rawValue: "NoSchedule")
    package static let preferNoSchedule = Effect(rawValue: "PreferNoSchedule")
    package static let noExecute = Effect(rawValue: "NoExecute")
    package static let allCases = [noSchedule, preferNoSchedule, noExecute]
  }

  package var key: String?
  /// `Equal` when nil.
  package var `operator`: Operator?
  package var value: String?
  package var effect: Effect?

  package init(key: String? = nil, operator: Operator?, value: String? = nil, effect: Effect? = nil) {
    self.key = key
    self.operator = `operator`
    self.value = value
    self.effect = effect
  }
}
