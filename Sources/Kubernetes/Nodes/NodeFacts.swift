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
  /// Of Windows, the build: `10.0.20348`.
  package var osVersion: String?

  package init(name: String, uid: String) {
    self.name = name
    self.uid = uid
  }

  package var platform: Platform { Platform(os: os, architecture: architecture, osVersion: osVersion).normalized }

  /// For which `touch` has to be made: `amd64`, `windows-amd64`.
  package var machine: String { os == "linux" ? architecture : "\(os)-\(architecture)" }

  /// The label by which kubelets on Windows state their build.
  package static let windowsBuildLabel = "node.kubernetes.io/windows-build"

  package var zone: String { labels["topology.kubernetes.io/zone"] ?? "" }
}
