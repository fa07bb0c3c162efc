import Documents
import ImageModel
import PrepullAPI
import Registry

/// What a credential provider answered: `CredentialProviderResponse`. Its description shows no secret.
///
/// Source: `credentialprovider.kubelet.k8s.io/v1`.
struct ProviderAnswer: Sendable, CustomStringConvertible {
  /// For which images it holds.
  enum CacheKey: String, Sendable {
    case image = "Image"
    case registry = "Registry"
    case global = "Global"
  }

  let cacheKey: CacheKey
  /// Nil where it does not say.
  let cacheDuration: Duration?
  private let logins: PullSecretCredentials

  var description: String { "answer for \(cacheKey.rawValue)" }

  /// - Parameter text: what it wrote; never shown.
  init(_ text: [UInt8], of provider: CredentialProvider) throws(ProviderFault) {
    func fault(_ what: String) -> ProviderFault {
      ProviderFault("the credential provider \(provider.name) \(what)")
    }
    guard let json = try? JSON(parsing: text), json.object != nil else {
      throw fault("did not answer in JSON")
    }
    guard json["kind"] == "CredentialProviderResponse", json["apiVersion"]?.string == provider.apiVersion else {
      throw fault("did not answer with a CredentialProviderResponse of \(provider.apiVersion)")
    }
    guard let key = json["cacheKeyType"]?.string.flatMap(CacheKey.init) else {
      throw fault("answered without a cacheKeyType (Image, Registry or Global)")
    }
    cacheKey = key
    if let duration = json["cacheDuration"], !duration.isNull {
      guard let value = duration.string.flatMap({ Duration(go: $0) }) else {
        throw fault("answered with a cacheDuration that is no duration")
      }
      cacheDuration = value
    } else {
      cacheDuration = nil
    }
    let config: JSON = ["auths": .object(json["auth"]?.object ?? [:])]
    do {
      logins = try PullSecretCredentials([(provider.name, config.bytes(), false)], kind: "the answer of")
    } catch {
      throw fault("answered with logins that cannot be read")
    }
  }

  /// Those of its logins that fit, the most specific first.
  func logins(for reference: Reference) async throws -> [RegistryCredential] {
    try await logins.credentials(for: reference.registry, repository: reference.repository)
  }
}
