import Registry

/// How the nodes of a sandbox come to its registry.
struct RegistryWays: Sendable {
  /// Nil where nothing is limited or counted.
  let links: RegistryLinks?
  /// Asked in this order before the registry, as a node's `hosts.toml` says it.
  var hosts: [RegistryMirror] = []
}

/// Runs the mirror and the cache that the options ask for, for as long as `body` runs.
///
/// - Parameter folder: where the layouts of the nodes lie.
func withRegistryWays<R>(
  _ options: SandboxOptions, _ registry: EmbeddedRegistry, folder: String, _ body: (RegistryWays) async throws -> R
) async throws -> R {
  guard options.model == nil, options.links != nil || options.cache != nil || options.hasMirror else {
    return try await body(RegistryWays(links: nil))
  }
  let links = RegistryLinks(options.links ?? .init(), cache: options.cache?.bandwidth)
  registry.limit(by: links)
  func withCache(_ ways: RegistryWays) async throws -> R {
    guard let cache = options.cache else { return try await body(ways) }
    let server = PullThroughCache(registry, links: links, coalesces: cache.coalesces)
    return try await withLoopbackServer(respond: { try await server.respond(to: $0) }) { port in
      var ways = ways
      ways.hosts.append(try RegistryMirror(host: "http://127.0.0.1:\(port)", overridesPath: false))
      return try await body(ways)
    }
  }
  guard options.hasMirror else { return try await withCache(RegistryWays(links: links)) }
  let server = LayerMirror(registry, links: links, folder: folder)
  return try await withLoopbackServer(respond: { try await server.respond(to: $0) }) { port in
    var mirror = try RegistryMirror(host: "http://127.0.0.1:\(port)", overridesPath: false)
    mirror.capabilities = .pull
    return try await withCache(RegistryWays(links: links, hosts: [mirror]))
  }
}
