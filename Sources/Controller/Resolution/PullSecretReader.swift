import Kubernetes
import Logging
import Planning
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads pull secrets by name, where that is allowed, and remembers for a while what came of it.
///
/// The actor keeps readers of the same secrets to one request each.
actor PullSecretReader {
  /// What is in the secrets that could be read.
  struct Content: Hashable, Sendable {
    struct Document: Hashable, Sendable {
      let name: String
      let bytes: [UInt8]
      let isLegacy: Bool
    }

    var documents: [Document] = []
    /// Those that could not be had, and why; nodes may have them.
    var missing: [String] = []

    func credentials() throws(RegistryError) -> PullSecretCredentials {
      try PullSecretCredentials(documents.map { ($0.name, $0.bytes, $0.isLegacy) })
    }
  }

  private struct Memory {
    let content: Content
    let until: ContinuousClock.Instant
  }

  private static let memory = Duration.seconds(60)
  private static let memoryOfRefusal = Duration.seconds(600)

  private let client: KubernetesClient
  private let logger: Logger
  private var memories: [ResolutionKey.Access: Memory] = [:]
  private var reading: [ResolutionKey.Access: Task<Content, any Error>] = [:]

  init(client: KubernetesClient, logger: Logger) {
    self.client = client
    self.logger = logger
  }

  /// - Throws: `APIError` when the API server cannot be asked now.
  func content(of access: ResolutionKey.Access) async throws -> Content {
    if let memory = memories[access], memory.until > .now { return memory.content }
    if let running = reading[access] { return try await running.value }
    let task = Task { try await read(access) }
    reading[access] = task
    defer { reading[access] = nil }
    let content = try await task.value
    let isNews = memories[access]?.content.missing != content.missing
    if isNews, !content.missing.isEmpty {
      logger.info(
        "pull secrets cannot be read; tags that need them are resolved by the nodes",
        metadata: ["namespace": "\(access.namespace)", "secrets": "\(content.missing.joined(separator: "; "))"])
    }
    let time = content.missing.isEmpty ? Self.memory : Self.memoryOfRefusal
    memories[access] = Memory(content: content, until: .now + time)
    return content
  }

  /// Forgets secrets that nobody needs any more.
  func retain(_ accesses: Set<ResolutionKey.Access>) {
    memories = memories.filter { accesses.contains($0.key) }
  }

  private func read(_ access: ResolutionKey.Access) async throws -> Content {
    var content = Content()
    for name in access.secrets {
      do {
        let data = try await client.get(Secret.self, name, in: access.namespace).data
        let modern = data?[".dockerconfigjson"]
        if let text = modern ?? data?[".dockercfg"], let bytes = Data(base64Encoded: text) {
          content.documents.append(.init(name: name, bytes: Array(bytes), isLegacy: modern == nil))
        } else {
          content.missing.append("\(name): it is no pull secret")
        }
      } catch let error as APIError where error.code == .forbidden {
        content.missing.append("\(name): Prepull may not get it")
      } catch let error as APIError where error.code == .notFound {
        content.missing.append("\(name): there is no such secret")
      }
    }
    return content
  }
}
