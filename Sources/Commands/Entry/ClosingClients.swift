package import Kubernetes
package import Registry

extension KubernetesClient {
  /// Runs `body` and shuts the client down on every way out.
  package func closed<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      let result = try await body()
      await shutdown()
      return result
    } catch {
      await shutdown()
      throw error
    }
  }
}

extension RegistryClient {
  /// Runs `body` and shuts the client down on every way out.
  package func closed<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      let result = try await body()
      try? await shutdown()
      return result
    } catch {
      try? await shutdown()
      throw error
    }
  }
}
