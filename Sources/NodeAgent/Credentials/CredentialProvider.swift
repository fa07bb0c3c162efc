import Documents
import ImageModel
import PrepullAPI
import Registry

/// A program of the node that the kubelet asks for credentials, as a CredentialProviderConfig describes it.
///
/// Source: `kubelet.config.k8s.io/v1`.
struct CredentialProvider: Hashable, Sendable {
  /// That of its program, in the folder of providers.
  let name: String
  let matchImages: [String]
  /// How long what it says holds where it does not say so itself.
  let defaultCacheDuration: Duration
  /// `credentialprovider.kubelet.k8s.io/v1`: what it is asked in.
  let apiVersion: String
  let arguments: [String]
  let environment: [String: String]
  /// Whether it has to be shown the token of a pod's own account.
  let needsPodToken: Bool

  func fits(_ reference: Reference) -> Bool {
    matchImages.contains {
      RegistryPattern.fits($0, registry: reference.registry, repository: reference.repository)
    }
  }

  /// - Throws: why it cannot be used.
  init(_ json: JSON) throws(ProviderFault) {
    func texts(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
    let name = json["name"]?.string ?? ""
    guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.contains(" ") else {
      throw ProviderFault("a provider has no name that a program can have")
    }
    let versions = ["v1", "v1beta1", "v1alpha1"].map { "credentialprovider.kubelet.k8s.io/\($0)" }
    guard let version = json["apiVersion"]?.string, versions.contains(version) else {
      throw ProviderFault("the provider \(name) has no apiVersion that is known here (\(versions[0]))")
    }
    guard let duration = json["defaultCacheDuration"]?.string.flatMap({ Duration(go: $0) }) else {
      throw ProviderFault("the defaultCacheDuration of the provider \(name) is no duration")
    }
    self.name = name
    matchImages = texts("matchImages")
    defaultCacheDuration = duration
    apiVersion = version
    arguments = texts("args")
    var environment: [String: String] = [:]
    for variable in json["env"]?.array ?? [] {
      if let name = variable["name"]?.string { environment[name] = variable["value"]?.string ?? "" }
    }
    self.environment = environment
    needsPodToken = json["tokenAttributes"].map { !$0.isNull } ?? false
  }
}

/// What is wrong with a provider, or with what it says; without anything that it said.
struct ProviderFault: Error, Hashable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = ForeignText.clean(description) }
}

extension CredentialProvider {
  /// The providers of the kubelet in their order: of a file, or of all `*.json`, `*.yaml` and `*.yml` in a folder, in the
  /// order of their names (Kubernetes 1.34).
  ///
  /// - Throws: where the kubelet would not start with them.
  static func all(of kubelet: Kubelet) throws(ProviderFault) -> [CredentialProvider] {
    guard let path = kubelet.providerConfiguration else { return [] }
    var paths = [path]
    if let names = kubelet.files.names(in: path) {
      paths = names.filter { name in [".json", ".yaml", ".yml"].contains { name.hasSuffix($0) } }.map {
        "\(path)/\($0)"
      }
    }
    var providers: [CredentialProvider] = []
    for path in paths {
      guard let bytes = kubelet.files.bytes(of: path) else { throw ProviderFault("\(path) cannot be read") }
      let json: JSON
      do throws(YAMLText.Fault) {
        json = try YAMLText.parse(String(decoding: bytes, as: UTF8.self))
      } catch {
        throw ProviderFault("\(path) cannot be read: \(error)")
      }
      let versions = ["v1", "v1beta1", "v1alpha1"].map { "kubelet.config.k8s.io/\($0)" }
      guard json["kind"] == "CredentialProviderConfig", versions.contains(json["apiVersion"]?.string ?? "") else {
        throw ProviderFault("\(path) is no CredentialProviderConfig of \(versions[0])")
      }
      for item in json["providers"]?.array ?? [] {
        let provider = try CredentialProvider(item)
        guard !providers.contains(where: { $0.name == provider.name }) else {
          throw ProviderFault("the provider \(provider.name) is there twice (\(path))")
        }
        providers.append(provider)
      }
    }
    return providers
  }
}
