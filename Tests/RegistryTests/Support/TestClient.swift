import Networking
import ImageModel
import Logging
import NIOCore
import Registry
import Testing

/// Makes a client for one test, and closes it afterwards.
func withClient<Result>(
  credentials: any CredentialSource = NoCredentials(), attempts: Int = 1,
  configure: (inout RegistryConfiguration) throws -> Void = { _ in }, _ body: (RegistryClient) async throws -> Result
) async throws -> Result {
  var configuration = RegistryConfiguration(userAgent: "prepull/test")
  configuration.retry = RetryPolicy(attempts: attempts, base: .milliseconds(1))
  try configure(&configuration)
  let client = RegistryClient(
    configuration: configuration, credentials: credentials,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  do {
    let result = try await body(client)
    try await client.shutdown()
    return result
  } catch {
    try? await client.shutdown()
    throw error
  }
}

/// One credential for every registry; counts how often it is asked for.
struct FixedCredential: CredentialSource {
  let credential: RegistryCredential

  init(_ credential: RegistryCredential) {
    self.credential = credential
  }

  func credential(for registry: String, repository: String) -> RegistryCredential? { credential }
}

extension RegistryClient {
  /// A whole blob in memory, in one attempt.
  func bytes(_ descriptor: Descriptor, of reference: Reference, from offset: Int64 = 0) async throws -> [UInt8] {
    try await blob(descriptor, of: reference, from: offset) { stream in
      var bytes: [UInt8] = []
      for try await buffer in stream { bytes += Array(buffer: buffer) }
      return bytes
    }
  }
}
