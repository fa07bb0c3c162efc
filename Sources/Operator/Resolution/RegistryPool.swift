import Registry

/// The clients with which registries are asked: one for each set of credentials, so that connections and tokens serve
/// again.
///
/// The actor keeps a client open while somebody uses it, also after its credentials were replaced.
actor RegistryPool {
  private final class Member {
    let client: RegistryClient
    let content: PullSecretReader.Content?
    var users = 0
    var isRetired = false

    init(client: RegistryClient, content: PullSecretReader.Content?) {
      self.client = client
      self.content = content
    }
  }

  private let make: ImageResolutions.RegistryFactory
  private let secrets: PullSecretReader
  private var members: [ResolutionKey.Access?: Member] = [:]

  init(make: @escaping ImageResolutions.RegistryFactory, secrets: PullSecretReader) {
    self.make = make
    self.secrets = secrets
  }

  /// Runs `body` with the client for these secrets, and what of them could not be read.
  func withClient<Result: Sendable>(
    for access: ResolutionKey.Access?, _ body: @Sendable (RegistryClient, _ missing: [String]) async throws -> Result
  ) async throws -> Result {
    let content: PullSecretReader.Content?
    if let access { content = try await secrets.content(of: access) } else { content = nil }
    let member: Member
    if let old = members[access], old.content == content {
      member = old
      member.users += 1
    } else {
      member = Member(client: try make(try content?.credentials() ?? NoCredentials()), content: content)
      member.users += 1
      if let old = members.updateValue(member, forKey: access) { await retire(old) }
    }
    do {
      let result = try await body(member.client, content?.missing ?? [])
      await leave(member)
      return result
    } catch {
      await leave(member)
      throw error
    }
  }

  /// Those secrets of which more can be read than before.
  func newlyReadable() async -> Set<ResolutionKey.Access> { await secrets.readMissing() }

  /// Closes what nobody needs any more.
  func retain(_ accesses: Set<ResolutionKey.Access>) async {
    await secrets.retain(accesses)
    for (access, member) in members where access.map({ !accesses.contains($0) }) ?? false {
      members[access] = nil
      await retire(member)
    }
  }

  /// Closes all; the pool may be used again.
  func shutdown() async {
    let all = members.values
    members = [:]
    for member in all { await retire(member) }
  }

  private func leave(_ member: Member) async {
    member.users -= 1
    if member.users == 0, member.isRetired { try? await member.client.shutdown() }
  }

  private func retire(_ member: Member) async {
    member.isRetired = true
    if member.users == 0 { try? await member.client.shutdown() }
  }
}
