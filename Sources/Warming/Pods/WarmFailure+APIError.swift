import ImageModel
package import Kubernetes

extension WarmFailure {
  package init(_ error: APIError) {
    self.init(code: error.code.rawValue, detail: error.attempted, remedy: error.remedy)
  }
}

extension APIError {
  /// What failed and why, without the advice.
  package var attempted: String {
    let name = name.map { " \($0)" } ?? ""
    return verb.isEmpty ? detail : "cannot \(verb) \(resource)\(name): \(detail)"
  }

  /// Whether the same request may succeed a little later, with nobody doing anything: the server is away or busy, or
  /// somebody else was quicker.
  package var isPassing: Bool {
    switch code {
    case .unreachable, .interrupted, .timedOut, .tooManyRequests, .serverError, .conflict, .gone: true
    default: false
    }
  }
}
