/// A container of a pod.
package struct Container: Codable, Hashable, Sendable {
  /// When the kubelet asks the registry.
  package struct PullPolicy: OpenName {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let always = PullPolicy(rawValue: "Always")
    package static let ifNotPresent = PullPolicy(rawValue: "IfNotPresent")
    package static let never = PullPolicy(rawValue: "Never")
  }

  package var name: String
  /// Empty where a template leaves it to an admission webhook.
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

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.decode(String.self, forKey: .name)
    image = try fields.decodeIfPresent(String.self, forKey: .image) ?? ""
    imagePullPolicy = try fields.decodeIfPresent(PullPolicy.self, forKey: .imagePullPolicy)
    command = try fields.decodeIfPresent([String].self, forKey: .command)
    args = try fields.decodeIfPresent([String].self, forKey: .args)
    resources = try fields.decodeIfPresent(ResourceRequirements.self, forKey: .resources)
    securityContext = try fields.decodeIfPresent(SecurityContext.self, forKey: .securityContext)
    volumeMounts = try fields.decodeIfPresent([VolumeMount].self, forKey: .volumeMounts)
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
