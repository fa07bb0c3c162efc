import Operator
import Documents
import Kubernetes

/// What the operator puts on nodes, and takes from them, beside its books.
struct NodeMarks: Sendable {
  let client: KubernetesClient

  /// Takes the taints of a key from a node, and only them: the patch fails when they have moved meanwhile.
  ///
  /// - Returns: whether there was one.
  func removeTaint(_ key: String, from name: String) async throws -> Bool {
    for _ in 0..<10 {
      do {
        let node = try await client.get(Node.self, name)
        guard
          let patch = GatePatch.removal(
            of: key, from: node.spec?.taints ?? [], nodeUID: node.metadata.uid ?? "")
        else { return false }
        _ = try await client.patch(Node.self, name, patch)
        return true
      } catch let error as APIError where error.code == .conflict || error.code == .invalid {
        continue
      } catch let error as APIError where error.code == .notFound {
        return false
      }
    }
    return false
  }

  func removeCondition(from name: String) async throws {
    do {
      _ = try await client.patch(Node.self, name, GatePatch.noCondition, subresource: "status")
    } catch let error as APIError where error.code == .notFound {}
  }
}
