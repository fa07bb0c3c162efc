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
  /// Set by the scheduler, or by who makes the pod and bypasses the scheduler.
  package var nodeName: String?
  package var restartPolicy: String?
  package var serviceAccountName: String?
  package var nodeSelector: StringMap?
  package var affinity: Affinity?
  package var tolerations: [Toleration]?
  package var priorityClassName: String?
  package var preemptionPolicy: String?
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

/// A taint that a pod bears with. Without a key it is every taint.
package struct Toleration: Codable, Hashable, Sendable {
  package enum Operator: String, Codable, Sendable {
    case exists = "Exists"
    case equal = "Equal"
  }
  package enum Effect: String, Codable, CaseIterable, Sendable {
    case noSchedule = "NoSchedule"
    case preferNoSchedule = "PreferNoSchedule"
    case noExecute = "NoExecute"
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
