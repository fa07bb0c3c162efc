/// Finds out whether fast pulls can be done, once: at the first image that is worth it.
actor FastAccess {
  private let examine: @Sendable () async throws -> FastNode
  private var asked: Task<FastNode, any Error>?
  private var said: Set<String> = []

  init(_ examine: @escaping @Sendable () async throws -> FastNode) { self.examine = examine }

  /// - Throws: `FastObstacle` where they cannot be done, or what the runtime answered.
  func node() async throws -> FastNode {
    if let asked { return try await asked.value }
    let task = Task { try await examine() }
    asked = task
    return try await task.value
  }

  /// Whether a reason was not given before, in this run.
  func isNews(_ reason: String) -> Bool { said.insert(reason).inserted }

  func close(_ connection: CRIConnection) async {
    if let node = try? await asked?.value { await node.close(connection) }
  }
}
