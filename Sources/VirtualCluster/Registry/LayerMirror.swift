import HTTPTypes
import Hummingbird
import ImageModel
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What Spegel and Dragonfly are to a real cluster: asked before the registry, it serves layers and manifests from nodes
/// that hold them, over the links of these nodes, and says 404 for what no node holds.
///
/// It knows no tags: containerd asks the registry what they stand for. The nodes that hold something serve it in turn.
final class LayerMirror: Sendable {
  private let registry: EmbeddedRegistry
  private let links: RegistryLinks
  /// With the layout of each node under its name.
  private let folder: String
  private let turns = Mutex<[Digest: Int]>([:])

  init(_ registry: EmbeddedRegistry, links: RegistryLinks, folder: String) {
    self.registry = registry
    self.links = links
    self.folder = folder
  }

  func respond(to request: Request) async throws -> Response {
    let parts = request.uri.path.split(separator: "/").map(String.init)
    guard request.method == .get || request.method == .head, parts.count >= 4, parts[0] == "v2",
      let digest = try? Digest(parsing: parts[parts.count - 1])
    else { return Self.absent(request.method) }
    let reader = request.headers[.userAgent] ?? ""
    let holders = holders(of: digest).filter { !reader.hasSuffix("(\($0))") }
    guard !holders.isEmpty else { return Self.absent(request.method) }
    // What a node holds of this registry lies here too.
    var response = try await registry.respond(to: request)
    guard request.method == .get, response.status == .ok || response.status == .partialContent else { return response }
    let turn = turns.withLock { turns in
      turns[digest, default: -1] += 1
      return turns[digest, default: 0]
    }
    guard let content = registry.content(digest, request.headers[.range]) else { return response }
    response.body = links.body(content, to: reader, through: [.node(holders[turn % holders.count])])
    return response
  }

  /// Names of the nodes that hold all of it.
  private func holders(of digest: Digest) -> [String] {
    let nodes = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return nodes.sorted().filter {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)/blobs/\(digest.algorithm.rawValue)/\(digest.encoded)")
    }
  }

  private static func absent(_ method: HTTPRequest.Method) -> Response {
    .plain(
      404, headers: [("Content-Type", "application/json")],
      body: EmbeddedRegistry.error("BLOB_UNKNOWN", "no node holds it"), to: method)
  }
}
