package import ImageModel
package import Registry

/// Where the agent of a node finds logins for images.
package protocol ImageCredentials: Sendable {
  /// Where logins for an image may be had, in order; each is asked only when what those before it had was refused.
  ///
  /// Asked anew for each try of a pull, so that what has expired in the middle is replaced.
  func sources(for reference: Reference) async -> [LoginSource]
}

/// A place that may have logins for an image.
package struct LoginSource: Sendable {
  /// For logs and messages: `the node's docker config`, `the operator`.
  package let name: String
  /// All that it has for the image, in the order in which they are to be tried; none where it knows none.
  ///
  /// - Throws: `LoginFault` for what a person should read if the image cannot be pulled otherwise.
  package let load: @Sendable () async throws -> [RegistryCredential]

  package init(name: String, load: @escaping @Sendable () async throws -> [RegistryCredential]) {
    self.name = name
    self.load = load
  }
}

/// Why a place that should have a login has none.
package struct LoginFault: Error, Hashable, CustomStringConvertible {
  /// One word in CamelCase, for `status.agent.images.reason`: `PasswordNotAllowed`, `NeedsKubelet`.
  package let reason: String
  /// A line with the remedy, without secrets.
  package let message: String

  package init(reason: String, message: String) {
    self.reason = reason
    self.message = message
  }

  package var description: String { message }
}

/// Nothing for anything: images that everybody may pull.
package struct NoImageCredentials: ImageCredentials {
  package init() {}

  package func sources(for reference: Reference) -> [LoginSource] { [] }
}
