#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The credentials of Kubernetes' pull secrets. Its description never shows them.
///
/// Credential helpers that a secret may name are never run.
package struct PullSecretCredentials: CredentialSource, CustomStringConvertible {
  private let configs: [(name: String, config: DockerConfig)]

  /// - Parameter secrets: for each secret its name, for errors, and the bytes of its `.dockerconfigjson`, or of its
  ///   `.dockercfg`, which is what `auths` holds in the former.
  package init(_ secrets: [(name: String, bytes: [UInt8], isLegacy: Bool)]) throws(RegistryError) {
    var configs: [(name: String, config: DockerConfig)] = []
    for (name, bytes, isLegacy) in secrets {
      let bytes = isLegacy ? Array(#"{"auths":"#.utf8) + bytes + Array("}".utf8) : bytes
      configs.append((name, try DockerConfig.parse(bytes, from: "the secret \(name)")))
    }
    self.configs = configs
  }

  package func credential(for registry: String, repository: String) async throws -> RegistryCredential? {
    for (_, config) in configs {
      if let found = try config.credential(for: registry.lowercased(), repository: repository) { return found }
    }
    return nil
  }

  /// Names of the secrets that have a credential for the repository.
  package func names(for registry: String, repository: String) -> [String] {
    configs.filter { (try? $0.config.credential(for: registry.lowercased(), repository: repository)) != nil }
      .map(\.name)
  }

  /// The registries that the secrets are for, as they name them, without schemes and versions.
  package var registries: [String] { Set(configs.flatMap(\.config.registries)).sorted() }

  package var description: String { "\(configs.count) pull secrets" }
}
