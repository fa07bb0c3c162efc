import NIOSSL

/// What went wrong on the way to a server that is no registry, in the same words.
package struct NetworkTrouble: Error, Hashable, Sendable {
  package let code: RegistryError.Code
  /// What happened, in one clause.
  package let detail: String
  /// Whether the certificate is of an authority that is not trusted.
  package let isUntrusted: Bool

  package init(_ error: any Error, host: String, isBody: Bool = false) {
    let problem = isBody ? RegistryProblem(reading: error, host: host) : RegistryProblem(error, host: host)
    code = problem.code
    detail = problem.detail
    isUntrusted = (error as? NIOSSLError)?.isUntrustedCertificate ?? false
  }
}
