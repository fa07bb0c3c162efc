import Foundation
import Subprocess

/// A containerd of its own, with CRI, that knows nothing of one that the machine may run.
package struct Containerd: Sendable {
  package let socket: String
  package let folder: ScratchFolder
  package let daemon: Daemon
  package let release: ContainerdRelease

  /// The endpoint as `--runtime` takes it.
  package var endpoint: String { "cri://\(socket)" }

  /// Runs `ctr` in the namespace that the kubelet uses.
  @discardableResult
  package func ctr(_ arguments: String...) async throws -> String {
    try await output(of: release.program("ctr"), ["--address", socket, "--namespace", "k8s.io"] + arguments)
  }

  /// The refs of blobs that are being written or were left half-written.
  package func ingests() throws -> [String] {
    let path = folder("root/io.containerd.content.v1.content/ingest")
    return try FileManager.default.contentsOfDirectory(atPath: path).map { name in
      String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)/ref") ?? Data(name.utf8), as: UTF8.self)
    }
  }
}

extension Containerd {
  /// Ends this one as a crash would, and runs `body` with another one on the same folders.
  package func restarted<R: Sendable>(_ body: (Containerd) async throws -> R) async throws -> R {
    daemon.kill()
    try await eventually("containerd to end") { !daemon.isRunning }
    return try await start(release, in: folder, body)
  }

  /// Has it collect as garbage whatever nothing needs, and waits until that is done.
  package func collectGarbage() async throws {
    try await ctr("leases", "create", "--id", "garbage")
    try await ctr("leases", "delete", "--sync", "garbage")
  }
}

/// What a containerd of the tests differs in.
package struct ContainerdOptions: Sendable {
  /// Size of the file system for its root, in bytes; `nil` puts it on the machine's own disk.
  package var diskSize: Int?
  /// Size of an ext4 for its root, in bytes, on a loop device.
  package var loopSize: Int?
  /// What pods of it begin with, for tests that make some.
  package var sandboxImage: String?
  /// Docker switches CRI off in the containerd that it brings along.
  package var hasCRI = true
  /// Host and port of registries that are spoken to with TLS, with the file of their certificate authority.
  package var authorities: [String: String] = [:]
  /// Which containerd it is.
  package var release = ContainerdRelease.system
  /// Further tables of its configuration.
  package var more = ""

  package init(
    diskSize: Int? = nil, loopSize: Int? = nil, sandboxImage: String? = nil, hasCRI: Bool = true,
    authorities: [String: String] = [:], release: ContainerdRelease = .system, more: String = ""
  ) {
    self.diskSize = diskSize
    self.loopSize = loopSize
    self.sandboxImage = sandboxImage
    self.hasCRI = hasCRI
    self.authorities = authorities
    self.release = release
    self.more = more
  }
}

/// Starts a containerd with root, state and socket of its own for the length of `body`.
///
/// Registries on loopback are spoken to in plain HTTP unless `authorities` names them.
package func withContainerd<R: Sendable>(
  _ options: ContainerdOptions = ContainerdOptions(), _ body: (Containerd) async throws -> R
) async throws -> R {
  try await withScratchFolder("ctd") { folder in
    if let size = options.diskSize { try mountMemory(at: folder("root"), size: size) }
    if let size = options.loopSize { try await mountLoop(at: folder("root"), size: size) }
    for (host, authority) in options.authorities {
      try write(
        """
        server = "https://\(host)"
        [host."https://\(host)"]
          ca = "\(authority)"
        """, to: folder("certs.d/\(host)/hosts.toml"))
    }
    try write(configuration(in: folder, options), to: folder("config.toml"))
    return try await start(options.release, in: folder, body)
  }
}

private func start<R: Sendable>(
  _ release: ContainerdRelease, in folder: ScratchFolder, _ body: (Containerd) async throws -> R
) async throws -> R {
  let socket = folder("c.sock")
  return try await withDaemon(
    release.program("containerd"), ["--config", folder("config.toml")], environment: release.environment,
    folder: folder,
    isReady: { (try? await output(of: release.program("ctr"), ["--address", socket, "version"])) != nil }
  ) { daemon in
    try await body(Containerd(socket: socket, folder: folder, daemon: daemon, release: release))
  }
}

private func configuration(in folder: ScratchFolder, _ options: ContainerdOptions) -> String {
  """
  version = 2
  root = "\(folder("root"))"
  state = "\(folder("state"))"
  disabled_plugins = [\(options.hasCRI ? "" : "\"io.containerd.grpc.v1.cri\"")]

  [grpc]
    address = "\(folder("c.sock"))"

  [plugins."io.containerd.internal.v1.opt"]
    path = "\(folder("opt"))"

  [plugins."io.containerd.grpc.v1.cri"]
    restrict_oom_score_adj = true
    stats_collect_period = 1
    \(options.sandboxImage.map { "sandbox_image = \"\($0)\"" } ?? "")

    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "\(folder("certs.d"))"

  \(options.more)
  """
}

func write(_ text: String, to path: String) throws {
  let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}
