import Documents
package import Registry

/// Why a runtime could not do what it was asked.
package struct RuntimeError: Error, Sendable, CustomStringConvertible {
  /// A stable code for machines and tests.
  package enum Code: Hashable, Sendable {
    /// The socket does not exist.
    case noSocket
    /// The socket or folder exists and may not be used by this user.
    case notPermitted
    /// Nothing answers at the socket.
    case unreachable
    /// The runtime went away in the middle of a call.
    case died
    case timedOut
    /// The runtime does not offer what was asked: a platform, an API.
    case unsupported
    case noSpace
    /// The runtime holds something else than the digest that was resolved.
    case digestMismatch
    /// The runtime reported a fault of the registry; the code says which.
    case registry(RegistryError.Code)
    /// Any other fault of the runtime.
    case fault

    /// The code as one word, the same as a registry error's where the registry is at fault.
    package var name: String {
      switch self {
      case .registry(let code): code.rawValue
      default: "\(self)"
      }
    }
  }

  package let code: Code
  package let endpoint: RuntimeEndpoint
  /// What was attempted, as a verb: `pull`, `list images`.
  package let operation: String
  /// On what: a reference, or the endpoint itself.
  package let subject: String
  /// What happened, in one line without secrets.
  package let detail: String
  /// What the reader can do about it.
  package let remedy: String

  /// What of the texts is the runtime's or the registry's is cleaned here.
  package init(
    _ code: Code, endpoint: RuntimeEndpoint, operation: String, subject: String, detail: String, remedy: String
  ) {
    self.code = code
    self.endpoint = endpoint
    self.operation = operation
    self.subject = ForeignText.clean(subject)
    self.detail = ForeignText.clause(detail, limit: 1000)
    self.remedy = remedy
  }

  /// Whether the same call may work later without anybody changing anything.
  package var isRetryable: Bool {
    switch code {
    case .unreachable, .died, .timedOut, .digestMismatch: true
    case .registry(let code): Self.passing.contains(code)
    case .noSocket, .notPermitted, .unsupported, .noSpace, .fault: false
    }
  }

  /// Faults between a runtime and a registry that may pass by themselves.
  private static let passing: Set<RegistryError.Code> = [
    .noSuchHost, .refused, .unreachable, .timedOut, .rateLimited, .truncated, .digestMismatch, .fault,
  ]

  /// Two lines: what happened to what, and what to do next.
  package var description: String { "cannot \(operation) \(subject): \(detail)\n\(remedy)" }
}
