import Documents
import GRPCCore
import ImageModel
import SwiftProtobuf
import SystemPackage

/// What containerd was told about registries, as far as it tells us: mirrors, and folders with a `hosts.toml` for each.
struct RuntimeRegistries: Hashable, Sendable {
  /// Registries that containerd's own configuration says something about.
  private var named: Set<String> = []
  private var folders: [FilePath] = []

  /// Where containerd looks unless it is told otherwise; containerd 2 does not tell.
  private static let usualFolders: [FilePath] = ["/etc/containerd/certs.d", "/etc/docker/certs.d"]

  static func read(_ connection: CRIConnection) async throws -> RuntimeRegistries {
    let info = try await connection.call(CRIOperation("ask for the configuration")) { options in
      try await connection.runtime.status(.with { $0.verbose = true }, options: options).info
    }
    return RuntimeRegistries(config: info["config"].flatMap { try? JSON(parsing: Array($0.utf8)) })
  }

  /// - Parameter config: CRI's configuration as it tells it.
  init(config: JSON?) {
    guard let registry = config?["registry"] else {
      folders = Self.usualFolders
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

  /// What containerd was told about a registry that this program does not heed.
  func settings(for registry: String) -> String? {
    for name in [registry, "*"] where named.contains(name) {
      return "containerd's configuration has settings for the registry \(name)"
    }
    // "localhost:5000" may be written "localhost_5000_" too.
    let plain = registry == "docker.io" ? ["docker.io", "registry-1.docker.io"] : [registry]
    let names = plain.flatMap { [$0, $0.replacing(colon: "_") + ($0.contains(":") ? "_" : "")] } + ["_default"]
    for folder in folders {
      for name in names where (try? FolderNames.of(folder.appending(name)))?.isEmpty == false {
        return "containerd has settings for this registry in \(folder.appending(name))"
      }
    }
    return nil
  }
}

extension String {
  fileprivate func replacing(colon replacement: String) -> String {
    split(separator: ":", omittingEmptySubsequences: false).joined(separator: replacement)
  }
}
