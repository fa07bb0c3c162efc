#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The credentials of Kubernetes' pull secrets, and of what else has their form: the kubelet's own `config.json`. Its description never shows them.
///
/// Credential helpers that a secret may name are never run.
package struct PullSecretCredentials: CredentialSource, CustomStringConvertible {
  private let configs: [(name: String, config: DockerConfig)]

  /// - Parameter secrets: for each secret its name, for errors, and the bytes of its `.dockerconfigjson`, or of its
  ///   `.dockercfg`, which is what `auths` holds in the former.
  /// - Parameter kind: what they are, for errors.
  package init(
    _ secrets: [(name: String, bytes: [UInt8], isLegacy: Bool)], kind: String = "the secret"
  ) throws(RegistryError) {
    var configs: [(name: String, config: DockerConfig)] = []
    for (name, bytes, isLegacy) in secrets {
      let bytes = isLegacy ? Array(#"{"auths":"#.utf8) + bytes + Array("}".utf8) : bytes
      configs.append((name, try DockerConfig.parse(bytes, from: "\(kind) \(name)")))
    }
    self.configs = configs
  }

  package func credential(for registry: String, repository: String) async throws -> RegistryCredential? {
    try await credentials(for: registry, repository: repository).first
  }

  /// The most specific first, over all secrets; of equals the first secret's.
  package func credentials(for registry: String, repository: String) async throws -> [RegistryCredential] {
    let found = configs.map { $0.config.matches(for: registry.lowercased(), repository: repository) }
    let usable = found.joined().ranked.compactMap { try? $0.credential.get() }
    if let first = found.joined().ranked.first, usable.isEmpty { return [try first.credential.get()] }
    return usable.unique
  }

  /// Names of the secrets that have a credential for the repository.
  package func names(for registry: String, repository: String) -> [String] {
    configs.filter {
      $0.config.matches(for: registry.lowercased(), repository: repository).contains {
        (try? $0.credential.get()) != nil
      }
    }.map(\.name)
  }

  /// The registries that the secrets are for, as they name them, without schemes and versions.
  package var registries: [String] { Set(configs.flatMap(\.config.registries)).sorted() }

  package var description: String { "\(configs.count) pull secrets" }
}
