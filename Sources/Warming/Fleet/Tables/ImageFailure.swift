import ImageModel

/// Why an image is not on a node.
struct ImageFailure: Sendable {
  var failure: WarmFailure
  var nature: FailureNature
}

extension Backoff where Reason == ImageFailure {
  var failure: WarmFailure { reason.failure }
  var nature: FailureNature { reason.nature }

  /// Whether the image counts as failed.
  func isFailure(in plan: FleetPlan) -> Bool {
    tries >= plan.retries || (nature == .final && tries >= min(2, plan.retries))
  }
}
