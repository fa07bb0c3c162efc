import HTTPTypes
import Hummingbird
import ImageModel
import ServiceLifecycle
import Synchronization

/// A pull-through cache before the sandbox's registry: layers that it has it serves itself, others it fetches.
///
/// Where it does not coalesce, everybody who asks for a layer before the first one has all of it makes it fetch that layer
/// once more, as most such caches do.
final class PullThroughCache: Sendable {
  private struct State {
    var held: Set<Digest> = []
    var filling: Set<Digest> = []
  }

  private let registry: EmbeddedRegistry
  private let links: RegistryLinks
  private let coalesces: Bool
  private let state = Mutex(State())

  init(_ registry: EmbeddedRegistry, links: RegistryLinks, coalesces: Bool) {
    self.registry = registry
    self.links = links
    self.coalesces = coalesces
  }

  func respond(to request: Request) async throws -> Response {
    guard request.method == .get, let digest = Self.blob(in: request.uri.path) else {
      return try await registry.respond(to: request)
    }
    let reader = request.headers[.userAgent] ?? ""
    // Access is the registry's to judge, for what is here too.
    var response = try await registry.respond(to: request)
    guard response.status == .ok || response.status == .partialContent,
      let content = registry.content(digest, request.headers[.range])
    else { return response }
    while !claim(digest) {
      if state.withLock({ $0.held.contains(digest) }) {
        response.body = links.body(content, to: reader, through: [.cache])
        return response
      }
      try await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(20)) }
    }
    let isWholeLayer = response.status == .ok
    response.body = links.body(content, to: reader, through: [.registry, .cache]) { isWhole in
      self.filled(digest, isWhole: isWhole && isWholeLayer)
    }
    return response
  }

  /// Whether the one who asks is to fetch it.
  private func claim(_ digest: Digest) -> Bool {
    state.withLock { state in
      if state.held.contains(digest) { return false }
      return state.filling.insert(digest).inserted || !coalesces
    }
  }

  private func filled(_ digest: Digest, isWhole: Bool) {
    state.withLock { state in
      state.filling.remove(digest)
      if isWhole { state.held.insert(digest) }
    }
  }

  /// The digest of a path `/v2/<repository>/blobs/<digest>`.
  static func blob(in path: String) -> Digest? {
    let parts = path.split(separator: "/")
    guard parts.count >= 4, parts[parts.count - 2] == "blobs", let name = parts.last else { return nil }
    return try? Digest(parsing: String(name))
  }
}
