/// A condition by the conventions of the Kubernetes API (`metav1.Condition`).
package struct APICondition: Codable, Hashable, Sendable {
  package var type: String
  /// `True`, `False`, `Unknown`.
  package var status: String
  package var observedGeneration: Int64?
  /// When `status` last changed; not when `reason` or `message` did. RFC 3339.
  package var lastTransitionTime: String
  /// One word in CamelCase.
  package var reason: String
  package var message: String

  package init(
    type: String, status: String, observedGeneration: Int64?, lastTransitionTime: String, reason: String,
    message: String
  ) {
    self.type = type
    self.status = status
    self.observedGeneration = observedGeneration
    self.lastTransitionTime = lastTransitionTime
    self.reason = reason
    self.message = message
  }
}
