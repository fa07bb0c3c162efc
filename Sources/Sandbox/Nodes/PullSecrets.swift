import Documents
import ImageModel
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The credentials in a pod's pull secrets, found as the kubelet finds them.
enum PullSecrets {
  /// - Returns: every credential that fits the image, and the names of secrets that are not there.
  static func credentials(
    for reference: Reference, _ names: [String], namespace: String, in store: Store
  ) async -> (found: [RegistryCredential], missing: [String]) {
    var found: [RegistryCredential] = []
    var missing: [String] = []
    for name in names {
      guard let secret = store.get(.secrets, namespace: namespace, name: name) else {
        missing.append(name)
        continue
      }
      guard let config = config(secret), let source = try? Credentials(environment: ["DOCKER_AUTH_CONFIG": config]),
        let credential = try? await source.credential(for: reference.registry, repository: reference.repository)
      else { continue }
      found.append(credential)
    }
    return (found, missing)
  }

  /// The secret's content in the form of Docker's `config.json`.
  private static func config(_ secret: JSON) -> String? {
    func text(_ key: String) -> String? {
      secret[path: "data", key]?.string.flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
    }
    return switch secret["type"]?.string {
    case "kubernetes.io/dockerconfigjson": text(".dockerconfigjson")
    case "kubernetes.io/dockercfg": text(".dockercfg").map { "{\"auths\":\($0)}" }
    default: nil
    }
  }
}
