import Networking
import Documents
import Kubernetes
import Logging
import Registry
import Testing
import VirtualCluster

/// A cluster without nodes, to be looked at.
struct WatchedCluster: Sendable {
  let sandbox: Sandbox
  let client: KubernetesClient

  static var logger: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  static func with<R>(_ body: (WatchedCluster) async throws -> R) async throws -> R {
    var options = SandboxOptions(nodes: [])
    options.tls = false
    options.hasSampleImages = false
    return try await withSandbox(options, logger: logger) { sandbox in
      let backOff = RetryPolicy(attempts: .max, base: .milliseconds(50), cap: .milliseconds(500), jitter: 0)
      let client = try KubernetesClient(sandbox.configuration, watchBackOff: backOff, logger: logger)
      do {
        let result = try await body(WatchedCluster(sandbox: sandbox, client: client))
        await client.shutdown()
        return result
      } catch {
        await client.shutdown()
        throw error
      }
    }
  }

  /// A client of registries that does not wait before it gives up.
  static func registry(_ credentials: any CredentialSource) -> RegistryClient {
    var configuration = RegistryConfiguration()
    configuration.retry = .never
    return RegistryClient(configuration: configuration, credentials: credentials, logger: logger)
  }

  /// Makes an object, or brings it up to date.
  func apply(_ object: JSON, _ apiVersion: String, _ plural: String, isNamespaced: Bool = true) async throws {
    var object = object
    object["apiVersion"] = .string(apiVersion)
    _ = try await client.apply(
      object, as: DynamicResource(apiVersion: apiVersion, plural: plural, isNamespaced: isNamespaced))
  }

  func secret(_ name: String, in namespace: String, for host: String, _ username: String, _ password: String)
    async throws
  {
    let config: JSON = [
      "auths": .object([host: ["username": .string(username), "password": .string(password)]])
    ]
    let object: JSON = [
      "kind": "Secret", "metadata": ["name": .string(name), "namespace": .string(namespace)],
      "type": "kubernetes.io/dockerconfigjson",
      "stringData": [".dockerconfigjson": .string(config.text)],
    ]
    try await apply(object, "v1", "secrets")
  }
}

/// Waits for the first element that `isRight`, at the longest half a minute; then it is an error that names it.
func first<Element: Sendable>(
  _ what: String, of stream: AsyncStream<Element>, sourceLocation: SourceLocation = #_sourceLocation,
  where isRight: @escaping @Sendable (Element) -> Bool
) async throws -> Element {
  let found = try await withThrowingTaskGroup(of: Element?.self) { group in
    group.addTask {
      for await element in stream where isRight(element) { return element }
      return nil
    }
    group.addTask {
      try await Task.sleep(for: .seconds(30))
      return nil
    }
    defer { group.cancelAll() }
    return try await group.next() ?? nil
  }
  return try #require(found, "waited in vain: \(what)", sourceLocation: sourceLocation)
}
