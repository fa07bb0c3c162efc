#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The credentials that this machine has, where Docker's and Kubernetes' tools keep them.
///
/// Asked in this order, and the first that knows the registry wins: the files given; `PREPULL_REGISTRY` with
/// `PREPULL_REGISTRY_USERNAME` and `PREPULL_REGISTRY_PASSWORD`; the JSON in `DOCKER_AUTH_CONFIG`; the file named by
/// `REGISTRY_AUTH_FILE`; `config.json` in `DOCKER_CONFIG`, or else in `~/.docker`. Files are read at each question, as
/// they may be replaced while a program runs for long.
package struct Credentials: CredentialSource {
  private let files: [String]
  private let environment: [String: String]
  private let helperLimit: Duration

  /// - Parameters:
  ///   - files: Docker's `config.json`, or the content of a `kubernetes.io/dockerconfigjson` secret; they must exist.
  ///   - environment: also the environment, with its `PATH`, that credential helpers get.
  ///   - helperLimit: how long a credential helper may take.
  package init(
    files: [String] = [], environment: [String: String], helperLimit: Duration = .seconds(30)
  ) throws(RegistryError) {
    self.files = files
    self.environment = environment
    self.helperLimit = helperLimit
    for file in files { _ = try Self.read(file, isRequired: true) }
    _ = try environmentCredential()
  }

  package func credential(for registry: String, repository: String) async throws -> RegistryCredential? {
    try await credentials(for: registry, repository: repository).first
  }

  /// All that the first place has which knows the registry, the most specific first.
  package func credentials(for registry: String, repository: String) async throws -> [RegistryCredential] {
    let registry = registry.lowercased()
    for file in files {
      let config = try Self.read(file, isRequired: true)
      let found = try await credentials(in: config, registry, repository)
      if !found.isEmpty { return found }
    }
    if let (name, credential) = try environmentCredential(), DockerConfig.normalized(name) == registry {
      return [credential]
    }
    if let text = value("DOCKER_AUTH_CONFIG") {
      let config = try DockerConfig.parse(Array(text.utf8), from: "the variable DOCKER_AUTH_CONFIG")
      let found = try await credentials(in: config, registry, repository)
      if !found.isEmpty { return found }
    }
    if let file = value("REGISTRY_AUTH_FILE") {
      let config = try Self.read(file, isRequired: true)
      let found = try await credentials(in: config, registry, repository)
      if !found.isEmpty { return found }
    }
    guard let folder = value("DOCKER_CONFIG") ?? value("HOME").map({ $0 + "/.docker" }) else { return [] }
    let config = try Self.read(folder + "/config.json", isRequired: false)
    return try await credentials(in: config, registry, repository)
  }

  private func credentials(
    in config: DockerConfig, _ registry: String, _ repository: String
  ) async throws -> [RegistryCredential] {
    var found: [RegistryCredential] = []
    if let name = config.helper(for: registry) {
      let helper = CredentialHelper(name: name, environment: environment, limit: helperLimit)
      let server = registry == "docker.io" ? "https://index.docker.io/v1/" : registry
      if let credential = try await helper.credential(for: server) { found.append(credential) }
    }
    return (found + (try config.credentials(for: registry, repository: repository))).unique
  }

  /// A variable that is set to something.
  private func value(_ name: String) -> String? {
    environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A user name and password are never sent to any registry but the one that is named with them.
  private func environmentCredential() throws(RegistryError) -> (registry: String, credential: RegistryCredential)? {
    guard let username = value("PREPULL_REGISTRY_USERNAME") else { return nil }
    guard let registry = value("PREPULL_REGISTRY"), let password = value("PREPULL_REGISTRY_PASSWORD") else {
      throw RegistryError(
        RegistryProblem(
          .credentials, "it is set, but PREPULL_REGISTRY or PREPULL_REGISTRY_PASSWORD is not",
          remedy: "Set all three: the registry says to whom the password may be shown."),
        operation: "use the variable", subject: "PREPULL_REGISTRY_USERNAME")
    }
    return (registry, .basic(username: username, password: password))
  }

  private static func read(_ path: String, isRequired: Bool) throws(RegistryError) -> DockerConfig {
    guard isRequired || FileManager.default.fileExists(atPath: path) else { return DockerConfig() }
    guard let data = try? Data(contentsOf: URL(filePath: path)) else {
      throw RegistryError(
        RegistryProblem(.credentials, "the file is not there, or may not be read"),
        operation: "read the credentials in",
        subject: path)
    }
    return try DockerConfig.parse(Array(data), from: path)
  }
}
