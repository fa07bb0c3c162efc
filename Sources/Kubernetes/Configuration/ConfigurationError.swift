/// Why no way to a cluster can be made out of what the user, the environment and the files say.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Neither a kubeconfig nor a service account.
    case none
    /// A file that cannot be opened.
    case unreadable
    /// A file or value of the wrong form.
    case malformed
    case unknownContext
    case unknownCluster
    case unknownUser
    /// A certificate or key that is none, or that do not belong together.
    case badCertificate
    /// The client's certificate is not valid any more, or not yet.
    case expiredCertificate
    case badServer
    case badProxy
    /// A way to log in that is not supported.
    case unsupported
  }

  package let code: Code
  /// What is wrong with what, without any secret.
  package let detail: String
  package let remedy: String

  package init(_ code: Code, _ detail: String, remedy: String) {
    self.code = code
    self.detail = detail
    self.remedy = remedy
  }

  package var description: String { "\(detail). \(remedy)" }
}
