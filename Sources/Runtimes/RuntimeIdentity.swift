import Documents
package import ImageModel

/// What a runtime says it is.
package struct RuntimeIdentity: Hashable, Sendable {
  /// `containerd`, `cri-o`, `docker`, `OCI layout`.
  package let name: String
  package let version: String
  /// Version of the protocol that was agreed on: `v1`, `1.41`.
  package let apiVersion: String
  /// What its images must run on.
  package let platform: Platform

  package init(name: String, version: String, apiVersion: String, platform: Platform) {
    self.name = ForeignText.clean(name, limit: 100)
    self.version = ForeignText.clean(version, limit: 100)
    self.apiVersion = ForeignText.clean(apiVersion, limit: 100)
    self.platform = platform
  }
}

/// The file system that holds a runtime's images. Sizes are bytes.
package struct ImageFileSystem: Hashable, Sendable {
  package let path: String
  /// What the images take.
  package let usedBytes: Int64?
  /// What is free, and the size of the whole; `nil` where the path cannot be seen from here.
  package let availableBytes: Int64?
  package let capacityBytes: Int64?

  package init(path: String, usedBytes: Int64?, availableBytes: Int64?, capacityBytes: Int64?) {
    self.path = path
    self.usedBytes = usedBytes
    self.availableBytes = availableBytes
    self.capacityBytes = capacityBytes
  }
}
