package import Documents

/// The expressions of a ValidatingAdmissionPolicy, ready to be evaluated.
package protocol PolicyRules: Sendable {
  /// What the policy has against a request that its `matchConstraints` choose; nil for nothing.
  ///
  /// - Parameters:
  ///   - request: in the form of an `AdmissionRequest` without its objects.
  ///   - object: null for deletions.
  ///   - old: null for creations.
  func refusal(of request: JSON, object: JSON, old: JSON) -> PolicyRefusal?
}

/// A policy's refusal, in its own words.
package struct PolicyRefusal: Hashable, Sendable {
  package var message: String
  /// `Invalid`, or the `reason` of the validation that failed.
  package var reason: String

  package init(message: String, reason: String = "Invalid") {
    self.message = message
    self.reason = reason
  }

  var code: Int {
    switch reason {
    case "Unauthorized": 401
    case "Forbidden": 403
    case "RequestEntityTooLarge": 413
    default: 422
    }
  }
}
