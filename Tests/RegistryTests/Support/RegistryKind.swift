import ImageModel
import KubeAPIServer
import Registry
import TestKit
import Testing
import VirtualCluster

/// The registries that the common suite runs against.
enum RegistryKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case fake, fakeBasic, fakeToken, fakeTLS
  case real, realHtpasswd, realToken, realTLS

  var testDescription: String { rawValue }

  /// Starts the registry with `image` in it at `test/image:v1`, and a client that may read from it.
  func withImage<Result: Sendable>(
    _ image: SampleImage, _ body: (RegistryClient, Reference) async throws -> Result
  ) async throws -> Result {
    let certificates = try CertificateAuthority()
    let password = RegistryCredential.basic(username: "ada", password: "pass:word")
    switch self {
    case .fake:
      return try await withEmbeddedRegistry { registry in
        try await withClient { try await body($0, registry.add(image)) }
      }
    case .fakeBasic:
      return try await withEmbeddedRegistry { registry in
        registry.require(.basic(username: "ada", password: "pass:word"))
        return try await withClient(credentials: FixedCredential(password)) { try await body($0, registry.add(image)) }
      }
    case .fakeToken:
      return try await withTokenServer(certificates: certificates) { tokens in
        tokens.allow(username: "ada", password: "pass:word")
        return try await withEmbeddedRegistry { registry in
          registry.require(.bearer(tokens))
          return try await withClient(credentials: FixedCredential(password)) {
            try await body($0, registry.add(image))
          }
        }
      }
    case .fakeTLS:
      return try await withEmbeddedRegistry(tls: certificates.issue()) { registry in
        try await withTrust(certificates, registry.add(image), body)
      }
    case .real:
      return try await withRealRegistry { registry in
        let reference = try await registry.push(image)
        return try await withClient { try await body($0, reference) }
      }
    case .realHtpasswd:
      return try await withRealRegistry(auth: .htpasswd(username: "ada", password: "pass:word")) { registry in
        let reference = try await registry.push(image)
        return try await withClient(credentials: FixedCredential(password)) { try await body($0, reference) }
      }
    case .realToken:
      return try await withTokenServer(certificates: certificates) { tokens in
        tokens.allow(username: "ada", password: "pass:word")
        return try await withRealRegistry(auth: .token(tokens, certificates)) { registry in
          let reference = try await registry.push(image)
          return try await withClient(credentials: FixedCredential(password)) { try await body($0, reference) }
        }
      }
    case .realTLS:
      return try await withRealRegistry(tls: certificates) { registry in
        try await withTrust(certificates, registry.push(image), body)
      }
    }
  }
}

/// A client that trusts an authority of the tests.
private func withTrust<Result>(
  _ certificates: CertificateAuthority, _ reference: Reference,
  _ body: (RegistryClient, Reference) async throws -> Result
) async throws -> Result {
  try await withTemporaryFolder { folder in
    let file = try certificates.writeAuthority(to: folder)
    return try await withClient(configure: { $0.caFiles = [file] }) { try await body($0, reference) }
  }
}
