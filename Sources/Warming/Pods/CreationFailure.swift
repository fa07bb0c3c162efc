package import ImageModel
package import Kubernetes

/// Why a puller pod could not be made.
package enum CreationFailure: Hashable, Sendable {
  /// The API server does not answer or asks to wait, or another object has the pod's name: the same pod is asked for
  /// again.
  case passing(after: Duration)
  /// A quota is used up: it may have room when other pods of ours are gone.
  case crowded(WarmFailure)
  /// Every node's pod would be refused the same.
  case final(WarmFailure)

  package init(_ error: APIError, of author: PodRefusal.Author) {
    if error.isPassing || error.code == .alreadyExists {
      self = .passing(after: error.retryAfter ?? .seconds(2))
    } else if error.code == .quotaExceeded {
      self = .crowded(WarmFailure(error))
    } else {
      self = .final(WarmFailure(refusal: error, of: author))
    }
  }
}
