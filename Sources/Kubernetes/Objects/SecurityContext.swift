/// As whom the containers of a pod run.
package struct PodSecurityContext: Codable, Hashable, Sendable {
  package var runAsNonRoot: Bool?
  package var runAsUser: Int?
  package var runAsGroup: Int?
  package var seccompProfile: SeccompProfile?
  package var windowsOptions: WindowsOptions?

  package init(
    runAsNonRoot: Bool? = nil, runAsUser: Int? = nil, runAsGroup: Int? = nil, seccompProfile: SeccompProfile? = nil,
    windowsOptions: WindowsOptions? = nil
  ) {
    self.runAsNonRoot = runAsNonRoot
    self.runAsUser = runAsUser
    self.runAsGroup = runAsGroup
    self.seccompProfile = seccompProfile
    self.windowsOptions = windowsOptions
  }
}

/// As whom containers of Windows run.
package struct WindowsOptions: Codable, Hashable, Sendable {
  package var runAsUserName: String?

  package init(runAsUserName: String? = nil) { self.runAsUserName = runAsUserName }
}

/// As whom and with which rights one container runs; it wins over the pod's.
package struct SecurityContext: Codable, Hashable, Sendable {
  package var runAsNonRoot: Bool?
  package var runAsUser: Int?
  package var runAsGroup: Int?
  package var allowPrivilegeEscalation: Bool?
  package var privileged: Bool?
  package var capabilities: Capabilities?
  package var readOnlyRootFilesystem: Bool?
  package var seccompProfile: SeccompProfile?

  package init() {}
}

/// The system calls that a container may make.
package struct SeccompProfile: Codable, Hashable, Sendable {
  package var type: String

  /// The container runtime's own list.
  package static let runtimeDefault = SeccompProfile(type: "RuntimeDefault")
}

/// Linux capabilities on top of, or less than, the runtime's own.
package struct Capabilities: Codable, Hashable, Sendable {
  package var add: [String]?
  package var drop: [String]?

  package init(add: [String]? = nil, drop: [String]? = nil) {
    self.add = add
    self.drop = drop
  }
}
