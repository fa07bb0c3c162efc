import Documents
import Foundation
import Kubernetes
import PrepullAPI

/// Follows what the agents of nodes pull, and has them say how far they are: they tell it only while somebody looks.
struct AgentWatch: Sendable {
  let client: KubernetesClient
  /// Of Prepulls, `namespace/name`.
  let isWanted: @Sendable (String) -> Bool

  /// Writes of ours and of agents together stay below 50 a second in the whole cluster.
  private static let renewalsPerSecond = 10.0

  /// How long a request holds, for so many nodes: long enough that renewing all of them takes no more than our share.
  static func lifetime(of nodes: Int) -> Duration { .seconds(max(60, 3 * Double(nodes) / renewalsPerSecond)) }

  /// Goes on until the task is cancelled.
  ///
  /// - Parameters:
  ///   - show: gets what is pulled, whenever it changed.
  ///   - note: gets what a person should know: that asking is not allowed.
  func run(show: ([AgentPull]) -> Void, note: @escaping @Sendable (String) -> Void) async throws {
    var store = ObjectStore<WarmNode>()
    // By node; of those alone whose agents have something to pull.
    var pulls: [String: [AgentPull]] = [:]
    var asked: [String: ContinuousClock.Instant] = [:]
    var isForbidden = false
    for try await event in client.watch(WarmNode.self) {
      let before = pulls
      for change in store.apply(event) {
        switch change {
        case .deleted(let node): pulls[node.metadata.name ?? ""] = nil
        case .added(let node), .modified(_, let node):
          let own = node.agentPulls(where: isWanted)
          pulls[node.metadata.name ?? ""] = own.isEmpty ? nil : own
        }
      }
      if pulls != before { show(pulls.values.flatMap(\.self)) }
      let lifetime = Self.lifetime(of: pulls.count)
      for name in pulls.keys.sorted() where !isForbidden {
        let now = ContinuousClock.now
        if let last = asked[name], last.duration(to: now) < lifetime / 2 { continue }
        asked[name] = now
        do {
          try await ask(name, for: lifetime)
        } catch let error as APIError where error.code == .forbidden {
          isForbidden = true
          note("agents are not asked how far they are: you may not patch warmnodes")
        } catch let error as APIError where error.code == .notFound {}
      }
    }
  }

  /// A merge patch, so that a WarmNode that is gone is not made again.
  private func ask(_ node: String, for lifetime: Duration) async throws {
    // By the API server's clock, as agents reckon.
    let until = await client.serverDate().addingTimeInterval(lifetime / .seconds(1))
    _ = try await client.patch(
      WarmNode.self, node, .merge(["spec": ["watchedUntil": .string(Timestamp.seconds(until))]]),
      fieldManager: "prepull-status")
  }
}
