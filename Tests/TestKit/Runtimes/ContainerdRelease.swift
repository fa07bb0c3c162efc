import Foundation
import Subprocess

/// A release of containerd on this machine: the system's, or one of those that `scripts/packages runtimes` puts beside
/// it from later Debian suites, as Kubernetes nodes have them today.
package struct ContainerdRelease: Hashable, Sendable, CustomStringConvertible {
  /// `containerd` for the system's, else `containerd-1.7` and so on.
  package let description: String
  /// Where its programs are; those on PATH when it is nil.
  package let folder: String?

  package static let system = ContainerdRelease(description: "containerd", folder: nil)

  /// The system's first, then the others by name.
  package static let all: [ContainerdRelease] = {
    let root = "/usr/local/lib/prepull-tests"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    let later = names.filter { $0.hasPrefix("containerd-") }.sorted()
    return [system] + later.map { ContainerdRelease(description: $0, folder: "\(root)/\($0)") }
  }()

  /// How to start one of its programs.
  func program(_ name: String) -> String { folder.map { "\($0)/\(name)" } ?? name }

  /// What its containerd is started with. Shims are looked for beside it before the system's; layers are inflated by Go
  /// itself, not by an igzip or unpigz that this machine may have: those take some broken gzip files that Go refuses.
  var environment: [Environment.Key: String?] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return [
      "PATH": folder.map { "\($0):\(path)" } ?? path,
      "CONTAINERD_DISABLE_IGZIP": "1", "CONTAINERD_DISABLE_PIGZ": "1",
    ]
  }
}
