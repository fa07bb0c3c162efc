/// Finds out whether fast pulls can be done, once: at the first image that is worth it.
actor FastAccess {
  private let examine: @Sendable () async throws -> FastNode
  private var asked: Task<FastNode, any Error>?
  private var isSaid = false

  init(_ examine: @escaping @Sendable () async throws -> FastNode) { self.examine = examine }

  /// - Throws: `FastObstacle` where they cannot be done, or what the runtime answered.
  func node() async throws -> FastNode {
    if let asked { return try await asked.value }
    let task = Task { try await examine() }
    asked = task
    return try await task.value
  }

  /// Why they cannot be done, to be said; nil once it was, or where it is not worth saying.
  func reason(of error: any Error) -> String? {
    let reason: String?
    switch error {
    case let obstacle as FastObstacle: reason = obstacle.isWorthSaying ? "\(obstacle)" : nil
    // Of a runtime that cannot be spoken to, its own pull tells.
    case let error as RuntimeError: reason = error.code == .fault ? error.detail : nil
    default: reason = nil
    }
    guard !isSaid, let reason else { return nil }
    isSaid = true
    return "the runtime's own pulls are used, not fast ones: \(reason)"
  }

  func close(_ connection: CRIConnection) async {
    if let node = try? await asked?.value { await node.close(connection) }
  }
}
