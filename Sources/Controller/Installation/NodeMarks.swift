import Documents
import Kubernetes

/// What the operator puts on nodes, and takes from them, beside its books.
struct NodeMarks: Sendable {
  let client: KubernetesClient

  /// The condition's type.
  static let condition = "prepull.dev/Warm"

  /// Takes the taints of a key from a node, and only them: the patch fails when they have moved meanwhile.
  ///
  /// - Returns: whether there was one.
  func removeTaint(_ key: String, from name: String) async throws -> Bool {
    for _ in 0..<10 {
      do {
        let node = try await client.get(Node.self, name)
        let taints = node.spec?.taints ?? []
        let indices = taints.indices.filter { taints[$0].key == key }
        guard !indices.isEmpty else { return false }
        let operations: [JSON] = indices.reversed().flatMap { index -> [JSON] in
          [
            ["op": "test", "path": .string("/spec/taints/\(index)/key"), "value": .string(key)],
            ["op": "remove", "path": .string("/spec/taints/\(index)")],
          ]
        }
        _ = try await client.patch(Node.self, name, .json(operations))
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
    let patch: JSON = ["status": ["conditions": [["$patch": "delete", "type": .string(Self.condition)]]]]
    do {
      _ = try await client.patch(Node.self, name, .strategic(patch), subresource: "status")
    } catch let error as APIError where error.code == .notFound {}
  }
}
