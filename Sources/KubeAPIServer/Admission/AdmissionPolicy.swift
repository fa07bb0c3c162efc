package import Documents
import Synchronization

/// An admission policy: refuses with 422, dry runs too, until it is lifted.
package struct AdmissionPolicy: Sendable {
  package var name: String
  /// What it says of what it refuses: `failed expression: …`, or a message.
  package var message: String
  /// - Parameter object: the body, null where there is none or it is no JSON.
  package var refuses: @Sendable (_ request: RequestKey, _ object: JSON) -> Bool

  package init(
    _ name: String, message: String, refuses: @escaping @Sendable (_ request: RequestKey, _ object: JSON) -> Bool
  ) {
    self.name = name
    self.message = message
    self.refuses = refuses
  }
}

/// The policies of a cluster: for every write of a client, and for the pods that controllers make.
package final class AdmissionPolicies: Sendable {
  private let policies = Mutex<[AdmissionPolicy]>([])

  /// Adds a policy, in place of one of the same name.
  package func add(_ policy: AdmissionPolicy) {
    policies.withLock { policies in
      policies.removeAll { $0.name == policy.name }
      policies.append(policy)
    }
  }

  package func remove(_ name: String) { policies.withLock { $0.removeAll { $0.name == name } } }

  var isEmpty: Bool { policies.withLock(\.isEmpty) }

  /// The refusal of the first policy that has something against a request, in the words of ValidatingAdmissionPolicy.
  func refusal(of key: RequestKey, _ resource: ResourceName, name: String?, _ object: JSON) -> StatusError? {
    let policies = policies.withLock(\.self)
    guard key.isWrite, let policy = policies.first(where: { $0.refuses(key, object) }) else { return nil }
    let name =
      name ?? object[path: "metadata", "name"]?.string ?? object[path: "metadata", "generateName"]?.string ?? ""
    let text =
      "ValidatingAdmissionPolicy '\(policy.name)' with binding '\(policy.name)' denied request: \(policy.message)"
    var refusal = StatusError.forbidden(resource, name, text, causes: [["message": .string(policy.message)]])
    (refusal.code, refusal.reason) = (422, "Invalid")
    return refusal
  }
}
