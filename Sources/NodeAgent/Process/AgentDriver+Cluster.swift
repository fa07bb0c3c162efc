import Kubernetes
import Logging
import Serving
import PrepullAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AgentDriver {
  /// The manager of `status.agent`.
  static let manager = "prepull-agent"

  private var fields: String { "metadata.name=\(node)" }

  /// Follows the WarmNode of this node for ever.
  func watchRecord() async throws {
    let events = client.watch(
      WarmNode.self, fields: fields, givesUp: false, onProgress: { sight.note($0, of: "WarmNode") })
    for try await event in events {
      let record: WarmNode?
      switch event {
      case .restarted(let list): record = list.first { $0.metadata.name == node }
      case .applied(let object): record = object
      case .deleted: record = nil
      case .failed: continue
      }
      // The time as the API server has it: this machine's clock may be wrong.
      let date = await client.serverDate()
      send(.clock(.milliseconds(Int64((date.timeIntervalSince1970 * 1000).rounded())) - now))
      send(.record(record.map(AgentRecord.init)))
    }
  }

  /// Follows the Node for ever.
  func watchNode() async throws {
    let events = client.watch(Node.self, fields: fields, givesUp: false, onProgress: { sight.note($0, of: "Node") })
    for try await event in events {
      switch event {
      case .restarted(let list): send(.node(list.first { $0.metadata.name == node }.map(AgentNode.init)))
      case .applied(let object): send(.node(AgentNode(object)))
      case .deleted: send(.node(nil))
      case .failed: break
      }
    }
  }

  /// Writes the status of the WarmNode, and of that one only.
  func write(_ agent: WarmNode.Agent, uid: String?, isWatched: Bool) async {
    var object = WarmNode(metadata: ObjectMeta(name: node))
    object.metadata.uid = uid
    var status = WarmNode.Status()
    status.agent = isWatched ? watch.fill(agent) : agent
    object.status = status
    do {
      _ = try await client.apply(object, subresource: "status", fieldManager: Self.manager)
      metrics.statusWrites.add(1, "written")
      sight.written(nil)
      send(.written(succeeded: true))
    } catch {
      guard !Task.isCancelled else { return }
      metrics.statusWrites.add(1, "failed")
      sight.written(error)
      send(.written(succeeded: false))
    }
  }

  /// Chooses how often the status is written while somebody looks, so that all agents together stay under 50 writes a
  /// second.
  func countRecords() async {
    guard let count = try? await client.count(DynamicResource(WarmNode.self)) else { return }
    send(.watchInterval(.seconds(max(2, count / 50))))
  }
}

extension AgentRecord {
  init(_ record: WarmNode) {
    self.init(
      uid: record.metadata.uid ?? "",
      nodeUID: record.metadata.ownerReferences?.first { $0.kind == "Node" }?.uid, wishes: record.spec?.images ?? [])
    isStated = record.spec?.images != nil
    watchedUntil = Duration(timestamp: record.spec?.watchedUntil)
    agent = record.status?.agent
  }
}

extension AgentNode {
  init(_ node: Node) {
    self.init(
      uid: node.metadata.uid ?? "",
      hasDiskPressure: node.status?.conditions?.contains { $0.type == "DiskPressure" && $0.status == "True" } ?? false)
  }
}
