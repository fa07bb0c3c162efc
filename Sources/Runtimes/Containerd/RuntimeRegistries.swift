import Documents
import GRPCCore
import ImageModel
import Registry
import SwiftProtobuf
import SystemPackage

/// What containerd was told about registries, as far as it tells us: settings of its own, and folders with a `hosts.toml`
/// for each.
struct RuntimeRegistries: Hashable, Sendable {
  /// Registries that containerd's own configuration says something about.
  private var named: Set<String> = []
  private var folders: [FilePath] = []

  /// Where containerd looks unless it is told otherwise.
  private static let usualFolders: [FilePath] = ["/etc/containerd/certs.d", "/etc/docker/certs.d"]

  /// - Parameter files: what holds where it does not tell of registries, as with containerd 2.
  static func read(_ connection: CRIConnection, files: ContainerdConfig) async throws -> RuntimeRegistries {
    let info = try await connection.call(CRIOperation("ask for the configuration")) { options in
      try await connection.runtime.status(.with { $0.verbose = true }, options: options).info
    }
    return RuntimeRegistries(config: info["config"].flatMap { try? JSON(parsing: Array($0.utf8)) }, files: files)
  }

  /// - Parameter config: CRI's configuration as it tells it.
  init(config: JSON?, files: ContainerdConfig? = nil) {
    guard let registry = config?["registry"] else {
      folders = files?.registryFolders ?? Self.usualFolders
      named = files?.namedRegistries ?? []
      return
    }
    folders = (registry["configPath"]?.string ?? "").split(separator: ":").map { FilePath(String($0)) }
    for (name, mirror) in registry["mirrors"]?.object ?? [:] {
      let endpoints = mirror["endpoint"]?.array?.compactMap(\.string) ?? []
      // What it is without a configuration.
      if name == "docker.io", endpoints == ["https://registry-1.docker.io"] { continue }
      named.insert(name)
    }
    named.formUnion(registry["configs"]?.object?.keys ?? [:].keys)
  }

  /// What containerd's own configuration says about a registry, which this program does not heed.
  func settings(for registry: String) -> String? {
    for name in [registry, "*"] where named.contains(name) {
      return "containerd's configuration has settings for the registry \(name)"
    }
    return nil
  }

  /// What a folder says of a registry, with a `hosts.toml` or certificates; nil when none does.
  ///
  /// - Throws: `FastObstacle` where it cannot be read.
  func hosts(of registry: String) throws -> RegistryHosts? {
    do {
      return try HostsFile.hosts(of: registry, in: folders)
    } catch {
      throw FastObstacle("containerd's settings for this registry cannot be read: \(error.detail)")
    }
  }
}
