/// A container of a pod.
package struct Container: Codable, Hashable, Sendable {
  /// When the kubelet asks the registry.
  package enum PullPolicy: String, Codable, Sendable {
    case always = "Always"
    case ifNotPresent = "IfNotPresent"
    case never = "Never"
  }

  package var name: String
  package var image: String
  package var imagePullPolicy: PullPolicy?
  package var command: [String]?
  package var args: [String]?
  package var resources: ResourceRequirements?
  package var securityContext: SecurityContext?
  package var volumeMounts: [VolumeMount]?

  package init(name: String, image: String) {
    self.name = name
    self.image = image
  }
}

/// What a container asks for, and where it ends.
package struct ResourceRequirements: Codable, Hashable, Sendable {
  package var requests: StringMap?
  package var limits: StringMap?

  package init(requests: StringMap? = nil, limits: StringMap? = nil) {
    self.requests = requests
    self.limits = limits
  }
}

/// Where a container sees a volume.
package struct VolumeMount: Codable, Hashable, Sendable {
  package var name: String
  package var mountPath: String
  package var readOnly: Bool?

  package init(name: String, mountPath: String, readOnly: Bool? = nil) {
    self.name = name
    self.mountPath = mountPath
    self.readOnly = readOnly
  }
}
