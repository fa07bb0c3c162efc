/// A condition by the conventions of the Kubernetes API (`metav1.Condition`).
package struct APICondition: Codable, Hashable, Sendable {
  package enum Status: String, Codable, CaseIterable, Sendable {
    case yes = "True"
    case no = "False"
    case unknown = "Unknown"

    package init(_ value: Bool) { self = value ? .yes : .no }
  }

  package var type: String
  /// `True`, `False` or `Unknown`.
  package var status: String
  package var observedGeneration: Int64?
  /// When `status` last changed; not when `reason` or `message` did. RFC 3339.
  package var lastTransitionTime: String
  /// One word in CamelCase.
  package var reason: String
  /// One line for people.
  package var message: String

  package init(
    type: String, status: Status, observedGeneration: Int64?, lastTransitionTime: String, reason: String,
    message: String
  ) {
    self.type = type
    self.status = status.rawValue
    self.observedGeneration = observedGeneration
    self.lastTransitionTime = lastTransitionTime
    self.reason = reason
    self.message = message
  }

  package var isTrue: Bool { status == Status.yes.rawValue }
}

extension [APICondition] {
  package subscript(type: String) -> APICondition? { first { $0.type == type } }

  /// Sets a condition in its place. Its time of transition changes only with its status, so that the same state gives
  /// the same conditions, however often it is written.
  ///
  /// - Parameter time: now, RFC 3339.
  package mutating func set(
    _ type: String, _ status: APICondition.Status, reason: String, message: String, observedGeneration: Int64?,
    at time: String
  ) {
    var condition = APICondition(
      type: type, status: status, observedGeneration: observedGeneration, lastTransitionTime: time, reason: reason,
      message: Self.cut(message))
    guard let index = firstIndex(where: { $0.type == type }) else {
      append(condition)
      return
    }
    if self[index].status == condition.status { condition.lastTransitionTime = self[index].lastTransitionTime }
    self[index] = condition
  }

  /// Within the 32 KiB that the API conventions allow.
  private static func cut(_ message: String) -> String {
    message.utf8.count <= 4096 ? message : message.prefix(1023) + "…"
  }
}
