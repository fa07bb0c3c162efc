import Networking
import TestKit
import Kubernetes
import Logging

/// Runs `body` with a client of the configuration, and shuts it down.
func withClient<Result>(
  _ configuration: ClusterConfiguration, retry: RetryPolicy = RetryPolicy(attempts: 3),
  watchTimeout: Duration = .seconds(290), clock: SystemClock = ManualClock().clock,
  notice: @escaping @Sendable (String) -> Void = { _ in }, _ body: (KubernetesClient) async throws -> Result
) async throws -> Result {
  let client = try KubernetesClient(
    configuration, retry: retry, watchTimeout: watchTimeout, clock: clock, notice: notice,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  do {
    let result = try await body(client)
    await client.shutdown()
    return result
  } catch {
    await client.shutdown()
    throw error
  }
}

/// The error of `body`; nil when it does not fail with one of the API.
func apiError(_ body: () async throws -> Void) async throws -> APIError? {
  do {
    try await body()
    return nil
  } catch let error as APIError {
    return error
  }
}
