package import ImageModel

/// What the planning knows of a node.
package struct NodeFacts: Hashable, Sendable {
  package struct Taint: Hashable, Sendable {
    package var key: String
    package var value: String
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    package var effect: String

    package init(key: String, value: String = "", effect: String) {
      self.key = key
      self.value = value
      self.effect = effect
    }
  }

  package var name: String
  /// Another one under the same name is another node.
  package var uid: String
  package var labels: [String: String] = [:]
  package var taints: [Taint] = []
  package var isReady = true
  /// False when the node is cordoned.
  package var isSchedulable = true
  package var isBeingDeleted = false
  /// GOOS and GOARCH, as the kubelet reports them; no architecture before it does.
  package var os = "linux"
  package var architecture = "amd64"

  package init(name: String, uid: String) {
    self.name = name
    self.uid = uid
  }

  package var platform: Platform { Platform(os: os, architecture: architecture).normalized }

  package var zone: String { labels["topology.kubernetes.io/zone"] ?? "" }
}
