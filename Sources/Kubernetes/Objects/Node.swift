/// A node.
package struct Node: Resource {
  package static let apiVersion = "v1"
  package static let kind = "Node"
  package static let plural = "nodes"
  package static let isNamespaced = false

  package struct Spec: Codable, Hashable, Sendable {
    package var unschedulable: Bool?
    package var taints: [Taint]?

    package init() {}
  }

  package struct Status: Codable, Hashable, Sendable {
    package struct Info: Codable, Hashable, Sendable {
      /// GOARCH: `amd64`, `arm64`.
      package var architecture: String?
      /// GOOS: `linux`, `windows`.
      package var operatingSystem: String?
      package var containerRuntimeVersion: String?
      package var kubeletVersion: String?
      package var osImage: String?
    }

    package struct Image: Codable, Hashable, Sendable {
      /// Tags and digests, at most five.
      package var names: [String]?
      package var sizeBytes: Int64?
    }

    package var conditions: [Condition]?
    package var nodeInfo: Info?
    /// At most 50, the largest: a hint, never proof of absence.
    package var images: [Image]?
    package var allocatable: StringMap?
    package var capacity: StringMap?

    package init() {}
  }

  package var metadata: ObjectMeta
  package var spec: Spec?
  package var status: Status?

  package init(metadata: ObjectMeta) { self.metadata = metadata }
}

/// What keeps pods off a node unless they tolerate it.
package struct Taint: Codable, Hashable, Sendable {
  package var key: String
  package var value: String?
  /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
  package var effect: String

  package init(key: String, value: String? = nil, effect: String) {
    self.key = key
    self.value = value
    self.effect = effect
  }
}
