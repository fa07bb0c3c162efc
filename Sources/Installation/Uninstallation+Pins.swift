import Documents
import Kubernetes
import PrepullAPI

/// Images that agents pinned would stay on their nodes for ever: nothing but the agents takes the pins away.
extension Uninstallation {
  /// Tells the agents that run that nothing is wanted, and waits until they have released what they pinned.
  ///
  /// - Returns: nodes on which pins may be left, and why, a line each.
  func releasePins() async throws -> [String] {
    let records = try await records()
    let running = try await nodesWithAgents()
    var left = records.filter { !running.contains($0.name) && $0.mayHavePins }
      .map { "\($0.name): no agent that is ready runs there" }
    let reached = records.filter { running.contains($0.name) && ($0.mayHavePins || $0.isWanting) }
    for record in reached where record.isWanting {
      do {
        // A merge patch, so that a WarmNode that is gone is not made again.
        _ = try await client.patch(WarmNode.self, record.name, .merge(["spec": ["images": []]]))
      } catch let error as APIError where error.code == .notFound {}
    }
    let names = Set(reached.map(\.name))
    guard !names.isEmpty else { return left }
    let silent = try await wait {
      try await self.records().filter { names.contains($0.name) && ($0.isWanting || $0.mayHavePins) }
    }
    left += silent.map { record in
      "\(record.name): its agent did not say within \(timeout.components.seconds) s that it released them"
    }
    let count = reached.count - silent.count
    if count > 0 { say("agents released what they had pinned on \(count) \(count == 1 ? "node" : "nodes")") }
    return left.sorted()
  }

  /// What a WarmNode says of its agent.
  private struct Record {
    let name: String
    /// Whether something is wanted, or the agent has not yet said that it knows of nothing.
    let isWanting: Bool
    let mayHavePins: Bool
  }

  private func records() async throws -> [Record] {
    do {
      return try await client.objects(DynamicResource(WarmNode.self)).compactMap { object in
        guard let node = try? object.decoded(as: WarmNode.self), let agent = node.status?.agent else { return nil }
        let isWanting = node.spec?.images?.isEmpty == false || agent.images?.isEmpty == false
        // Agents of earlier versions do not count.
        return Record(
          name: node.metadata.name ?? "", isWanting: isWanting,
          mayHavePins: agent.pins.map { $0 > 0 } ?? (agent.conditions?["Pins"]?.isTrue ?? true))
      }
    } catch let error as APIError where error.code == .notFound {
      return []
    }
  }

  private func nodesWithAgents() async throws -> Set<String> {
    let pods = try await client.list(Pod.self, labels: Installation.agentSelector).items
    return Set(
      pods.filter { pod in
        pod.metadata.deletionTimestamp == nil
          && pod.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } == true
      }.compactMap(\.spec.nodeName))
  }
}
