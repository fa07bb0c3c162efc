package import ImageSources
package import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SourceCredential {
  /// Reads a Secret.
  ///
  /// - Throws: `APIError`, or `SourceError` where the keys of the Secret make no login.
  package init(_ client: KubernetesClient, secret name: String, in namespace: String) async throws {
    let data = try await client.get(Secret.self, name, in: namespace).data?.entries ?? [:]
    var bytes: [String: [UInt8]] = [:]
    for key in Self.keys { bytes[key] = data[key].flatMap { Data(base64Encoded: $0) }.map(Array.init) }
    try self.init(bytes)
  }
}
