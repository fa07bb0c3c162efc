package import ImageModel
package import Logging
package import Registry

/// Runs `body` with the runtime at an endpoint; its connections are opened at need and closed at the end.
///
/// Nothing is asked of the runtime before `body` asks, but where nothing but fast pulls is wanted: whether it allows them.
///
/// - Parameters:
///   - registry: what an image layout downloads with, and fast pulls; the other runtimes do that themselves.
///   - platform: what the images of a layout are for; the other runtimes know it themselves.
package func withRuntime<Result: Sendable>(
  _ endpoint: RuntimeEndpoint, registry: RegistryClient, platform: Platform = .host,
  limits: RuntimeLimits = RuntimeLimits(), fast: FastPulls = .off,
  fastSettings: FastSettings = FastSettings(), logger: Logger,
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
      let access = FastAccess { try await FastNode.examine(connection, settings: fastSettings, logger: logger) }
      do {
        if fast == .always { _ = try await access.node() }
        let runtime = FastRuntime(
          base: base, access: access, mode: fast, registry: registry, smallest: fastSettings.smallest)
        let result = try await body(runtime)
        await access.close(connection)
        return result
      } catch {
        await access.close(connection)
        if let obstacle = error as? FastObstacle { throw FastRuntime.refusal(obstacle, at: endpoint) }
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
