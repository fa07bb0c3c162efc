import Documents

/// What went wrong between this machine and a registry: what was attempted, on what, why, and what to do next.
///
/// A cancelled task gets `CancellationError` instead, so that a time-out is never taken for a cancellation.
package struct RegistryError: Error, Hashable, Sendable {
  /// Stable names of the kinds of failure.
  package enum Code: String, Sendable, CaseIterable {
    case noSuchHost, refused, unreachable, timedOut, tls, proxy
    /// Plain HTTP where it was not asked for.
    case insecure
    /// A credential could not be read: a broken file, a helper that failed.
    case credentials
    /// 401: no credential, or a wrong one.
    case unauthorized
    /// 403: the account may not read this.
    case denied
    case notFound, noPlatform, unsupportedMediaType, tooLarge
    /// What is there is no image: a Helm chart, a signature.
    case artifact
    /// A manifest, an index or a configuration is not of the form that runtimes read.
    case malformedImage
    case rateLimited
    /// The connection ended before the whole answer had come.
    case truncated
    /// 416: what is asked for lies beyond the end; start over from byte 0.
    case rangeNotSatisfiable
    case digestMismatch
    /// The registry failed, or answered what no registry should.
    case fault
  }

  package var code: Code
  /// What was attempted, as a verb: `resolve`, `fetch`.
  package var operation: String
  /// What it was attempted on: a reference, a digest, a registry.
  package var subject: String
  package var detail: String
  package var remedy: String
  /// Whether the same attempt may succeed later without anybody changing anything.
  package var isRetryable: Bool
  /// How long the registry asked to be left alone.
  package var retryAfter: Duration?
  /// HTTP status, where there was an answer.
  package var status: Int?

  /// What of the texts is the registry's is cleaned here.
  init(_ problem: RegistryProblem, operation: String, subject: String) {
    self.code = problem.code
    self.operation = operation
    self.subject = ForeignText.clean(subject)
    self.detail = ForeignText.clause(problem.detail, limit: 1000)
    self.remedy = problem.remedy ?? problem.code.remedy
    self.isRetryable = problem.isRetryable
    self.retryAfter = problem.retryAfter
    self.status = problem.status
  }
}

extension RegistryError {
  /// What happened, for where only the image is named: of credentials it says which program or file they come from.
  package var reason: String { code == .credentials ? "cannot \(operation) \(subject): \(detail)" : detail }
}

extension RegistryError: CustomStringConvertible {
  /// Two lines: what happened to what, and what to do next.
  package var description: String { "cannot \(operation) \(subject): \(detail)\n\(remedy)" }
}

extension RegistryError.Code {
  /// What a person can do about it.
  var remedy: String {
    switch self {
    case .noSuchHost: "Check the spelling of the registry's name, and the DNS of this machine."
    case .refused: "Is the registry running there, and is the port right?"
    case .unreachable: "Check the network and the firewall between this machine and the registry."
    case .timedOut: "Check the network between this machine and the registry; a proxy may be needed (HTTPS_PROXY)."
    case .tls: "Trust the registry's authority (--ca-file or SSL_CERT_FILE), or have its certificate corrected."
    case .proxy: "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
    case .insecure: "Serve it over https, or allow plain HTTP for this host (--plain-http)."
    case .credentials: "Correct what is named above, or log in again."
    case .unauthorized:
      "Give credentials (docker login, --auth-file), and check the name: a missing repository looks the same."
    case .denied: "Ask the owner of the repository for the right to pull it, and check the name."
    case .notFound: "Check the name of the repository and the tag."
    case .noPlatform: "Choose one of these platforms, or an image that was built for this one."
    case .unsupportedMediaType: "Push the image again as an OCI or Docker schema 2 image."
    case .artifact: "Name the image that the pods run."
    case .malformedImage: "Push the image again with another tool."
    case .tooLarge: "This is not an ordinary container image; check the reference."
    case .rateLimited: "Wait, log in for a higher limit, or pull through a mirror."
    case .truncated, .rangeNotSatisfiable: "Try again."
    case .digestMismatch: "Try again; if it stays, the content in the registry or in a proxy on the way is damaged."
    case .fault: "Try again later; if it stays, ask those who run the registry."
    }
  }
}
