package import ImageModel
package import Logging
package import Registry

/// Runs `body` with the runtime at an endpoint; its connections are opened at need and closed at the end.
///
/// Nothing is asked of the runtime before `body` asks.
///
/// - Parameters:
///   - registry: what an image layout downloads with; the other runtimes do that themselves.
///   - platform: what the images of a layout are for; the other runtimes know it themselves.
package func withRuntime<Result: Sendable>(
  _ endpoint: RuntimeEndpoint, registry: RegistryClient, platform: Platform = .host,
  limits: RuntimeLimits = RuntimeLimits(), logger: Logger,
  _ body: (any Runtime) async throws -> Result
) async throws -> Result {
  switch endpoint.kind {
  case .cri, .docker:
    try await withSocketRuntime(endpoint, limits: limits, body)
  case .oci:
    try await body(OCILayoutRuntime(path: endpoint.path, platform: platform, registry: registry, logger: logger))
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
