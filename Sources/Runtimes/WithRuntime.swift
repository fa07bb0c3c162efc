package import ImageModel
package import Logging
package import Registry

/// Runs `body` with the runtime at an endpoint; its connections are opened at need and closed at the end.
///
/// Nothing is asked of the runtime before `body` asks, but where fast pulls are wanted: whether it allows them.
///
/// - Parameters:
///   - registry: what an image layout downloads with, and fast pulls; the other runtimes do that themselves.
///   - platform: what the images of a layout are for; the other runtimes know it themselves.
///   - onNote: told why fast pulls are not used where they might have been.
package func withRuntime<Result: Sendable>(
  _ endpoint: RuntimeEndpoint, registry: RegistryClient, platform: Platform = .host,
  limits: RuntimeLimits = RuntimeLimits(), fast: FastPulls = .off,
  fastSettings: FastSettings = FastSettings(), logger: Logger,
  onNote: (String) -> Void = { _ in },
  _ body: (any Runtime) async throws -> Result
) async throws -> Result {
  switch endpoint.kind {
  case .docker, .oci:
    if fast == .always {
      throw FastRuntime.refusal(FastObstacle("they need containerd"), at: endpoint)
    }
    guard endpoint.kind == .docker else {
      return try await body(
        OCILayoutRuntime(path: endpoint.path, platform: platform, registry: registry, logger: logger))
    }
    return try await withSocketRuntime(endpoint, limits: limits, body)
  case .cri:
    return try await CRIConnection.with(endpoint, limits: limits) { connection in
      let base = CRIRuntime(connection)
      guard fast != .off else { return try await body(base) }
      let node: FastNode
      do {
        node = try await FastNode.examine(connection, settings: fastSettings, logger: logger)
      } catch let obstacle as FastObstacle {
        guard fast == .auto else { throw FastRuntime.refusal(obstacle, at: endpoint) }
        if obstacle.isWorthSaying { onNote("the runtime's own pulls are used, not fast ones: \(obstacle)") }
        return try await body(base)
      } catch let error as RuntimeError where fast == .auto {
        // Of a runtime that cannot be spoken to, `body` tells.
        if error.code == .fault { onNote("the runtime's own pulls are used, not fast ones: \(error.detail)") }
        return try await body(base)
      }
      do {
        let result = try await body(FastRuntime(base: base, node: node, mode: fast, registry: registry))
        await node.close(connection)
        return result
      } catch {
        await node.close(connection)
        throw error
      }
    }
  }
}

/// Runs `body` with the runtime behind a socket.
func withSocketRuntime<Result: Sendable>(
  _ endpoint: RuntimeEndpoint, limits: RuntimeLimits, _ body: (any Runtime) async throws -> Result
) async throws -> Result {
  if endpoint.kind == .docker {
    try await DockerConnection.with(endpoint, limits: limits) { try await body(DockerRuntime($0)) }
  } else {
    try await CRIConnection.with(endpoint, limits: limits) { try await body(CRIRuntime($0)) }
  }
}
