import PrepullAPI
import Kubernetes
import Logging
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

  private let client: KubernetesClient
  private let memory: Duration
  private let logger: Logger
  private var memories: [ResolutionKey.Access: Memory] = [:]
  private var reading: [ResolutionKey.Access: Task<Content, any Error>] = [:]
  /// Those of which more could be read than the time before, until somebody asks.
  private var improved: Set<ResolutionKey.Access> = []

  /// - Parameter memory: how long a secret is not read again, whether it could be read or not. Well below a minute: what
  ///   is granted takes effect within one.
  init(client: KubernetesClient, memory: Duration = .seconds(45), logger: Logger) {
    self.client = client
    self.memory = memory
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
    if let old = memories[access]?.content, content.missing.count < old.missing.count { improved.insert(access) }
    memories[access] = Memory(content: content, until: .now + memory)
    return content
  }

  /// Reads again those secrets of which some could not be had, one after the other.
  ///
  /// - Returns: those of which more could be had since this was last asked.
  func readMissing() async -> Set<ResolutionKey.Access> {
    for (access, memory) in memories where !memory.content.missing.isEmpty && memory.until <= .now {
      // Nothing is known of it while the API server does not answer.
      _ = try? await content(of: access)
    }
    defer { improved = [] }
    return improved
  }

  /// Forgets secrets that nobody needs any more.
  func retain(_ accesses: Set<ResolutionKey.Access>) {
    memories = memories.filter { accesses.contains($0.key) }
    improved.formIntersection(accesses)
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
