import Foundation

/// A Docker Engine of its own, with the containerd that it manages itself.
package struct Dockerd: Sendable {
  package let socket: String
  package let folder: ScratchFolder
  package let daemon: Daemon

  /// The endpoint as `--runtime` takes it.
  package var endpoint: String { "docker://\(socket)" }

  /// Runs the Docker client against it.
  @discardableResult
  package func docker(_ arguments: String...) async throws -> String {
    try await output(of: "docker", ["--host", "unix://\(socket)"] + arguments)
  }

  /// Files of layers that are being downloaded or were left half-downloaded.
  package func downloads() -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder("data/tmp"))) ?? []
  }
}

/// Starts Debian's dockerd with root, state and socket of its own, without networks, for the length of `body`.
///
/// Registries on loopback are spoken to in plain HTTP, as Docker does by itself.
///
/// - Parameter diskSize: size of the file system for its data, in bytes; `nil` puts it on the machine's own disk.
package func withDockerd<R: Sendable>(
  diskSize: Int? = nil, _ body: (Dockerd) async throws -> R
) async throws -> R {
  try await withScratchFolder("dkd") { folder in
    if let diskSize { try mountMemory(at: folder("data"), size: diskSize) }
    try write("{}", to: folder("daemon.json"))
    let socket = folder("d.sock")
    return try await withDaemon(
      "dockerd",
      [
        "--host", "unix://\(socket)", "--data-root", folder("data"), "--exec-root", folder("exec"),
        "--pidfile", folder("d.pid"), "--config-file", folder("daemon.json"),
        "--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
      ], folder: folder,
      isReady: { (try? await output(of: "docker", ["--host", "unix://\(socket)", "version"])) != nil }
    ) { daemon in
      try await body(Dockerd(socket: socket, folder: folder, daemon: daemon))
    }
  }
}
