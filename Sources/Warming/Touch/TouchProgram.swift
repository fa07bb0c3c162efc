package import ImageModel
package import Kubernetes

/// The program that a puller container runs in place of the image's own: it exits at once, or holds until it is asked
/// to end. `Touch/README.md` tells the whole of it.
package enum TouchProgram {
  /// The architectures that `touch` exists for, by the names that nodes bear in `kubernetes.io/arch`, and Windows.
  package enum Architecture: String, CaseIterable, Sendable {
    case amd64, arm64, ppc64le, riscv64, s390x
    case windows = "windows-amd64"

    package var isWindows: Bool { self == .windows }

    /// Those of Linux.
    package static let linux = allCases.filter { !$0.isWindows }

    /// Without the build of Windows.
    package var platform: Platform {
      isWindows ? Platform(os: "windows", architecture: "amd64") : Platform(os: "linux", architecture: rawValue)
    }

    /// Of a node; amd64 for one that we know nothing of.
    package init(of node: NodeFacts?) { self = node.flatMap { Self(rawValue: $0.machine) } ?? .amd64 }
  }

  /// The program as a static ELF file, of Windows as a PE file.
  package static func bytes(for architecture: Architecture) -> [UInt8] {
    switch architecture {
    case .amd64: TouchBytes.amd64
    case .arm64: TouchBytes.arm64
    case .ppc64le: TouchBytes.ppc64le
    case .riscv64: TouchBytes.riscv64
    case .s390x: TouchBytes.s390x
    case .windows: TouchBytes.windowsAMD64
    }
  }
}
