package import ImageModel
package import Kubernetes

/// A node that a sandbox is to have.
package struct NodeTemplate: Sendable {
  /// Where its images are.
  package enum Images: Sendable, Hashable {
    /// In an OCI layout folder of its own; modelled where the sandbox models its pulls.
    case layout
    /// In the container runtime behind this socket (`/run/containerd/containerd.sock`): it pulls and keeps them. The
    /// containers stay virtual.
    case cri(String)
  }

  package var name: String
  package var platform: Platform
  package var labels: [String: String] = [:]
  package var taints: [Taint] = []
  package var isReady = true
  package var isSchedulable = true
  /// Size of the file system that images are kept on, in bytes. Nothing of that size is allocated.
  package var diskBytes: Int64 = 100 << 30
  package var maxPods = 110
  package var cpus = 4
  package var memoryBytes: Int64 = 8 << 30
  package var images = Images.layout
  /// From a pod's binding until its first container, its sandbox, network and volumes. Divided by the sandbox's speed.
  package var podStart: Duration = .zero
  /// Its kubelet remembers which secret it pulled an image with, and lets in only pods that have it (KEP-2535); off
  /// before 1.35.
  package var hasPullRecords = true
  /// Volumes are mounted noexec: `touch` cannot start.
  package var isNoexec = false

  package init(_ name: String, platform: Platform = .host) {
    self.name = name
    self.platform = platform
  }

  /// An architecture as Go names it (`arm64`), on Linux.
  package init(_ name: String, architecture: String) {
    self.init(name, platform: Platform(os: "linux", architecture: architecture))
  }

  /// `node-1`…`node-N` of the host's platform.
  package static func numbered(_ count: Int, prefix: String = "node-") -> [NodeTemplate] {
    count < 1 ? [] : (1...count).map { NodeTemplate("\(prefix)\($0)") }
  }
}
