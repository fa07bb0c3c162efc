import Documents
import ImageModel
import KubeAPIServer
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The credentials in a pod's pull secrets, found as the kubelet finds them.
struct PullSecrets: Sendable {
  struct Found: Sendable {
    let credential: RegistryCredential
    let secret: PullRecords.Secret
  }

  /// Every credential that fits the image.
  var found: [Found] = []
  /// Names of secrets that are not there.
  var missing: [String] = []

  init(for reference: Reference, _ names: [String], namespace: String, in store: Store) async {
    for name in names {
      guard let secret = store.get(.secrets, namespace: namespace, name: name) else {
        missing.append(name)
        continue
      }
      guard let config = Self.config(secret),
        let source = try? Credentials(environment: ["DOCKER_AUTH_CONFIG": config]),
        let credential = try? await source.credential(for: reference.registry, repository: reference.repository)
      else { continue }
      found.append(
        Found(
          credential: credential,
          secret: .init(place: "\(namespace)/\(name)/\(secret.uid)", login: credential.hashValue)))
    }
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
