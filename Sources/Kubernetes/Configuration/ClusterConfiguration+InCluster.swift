#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ClusterConfiguration {
  package static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The service account of the pod that this process runs in; nil when it runs in none.
  package static func inCluster(
    _ environment: [String: String], _ folder: String = serviceAccountFolder
  ) throws(ConfigurationError) -> ClusterConfiguration? {
    guard let host = environment["KUBERNETES_SERVICE_HOST"].nonEmpty,
      let port = environment["KUBERNETES_SERVICE_PORT"].nonEmpty,
      FileManager.default.fileExists(atPath: "\(folder)/token")
    else { return nil }
    var configuration = ClusterConfiguration(
      server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)",
      tls: TLS(authority: .file("\(folder)/ca.crt")), authentication: .tokenFile("\(folder)/token"))
    configuration.userName = "service account of this pod"
    if let data = FileContent.read("\(folder)/namespace"),
      let name = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).first
    {
      configuration.namespace = String(name)
    }
    return configuration
  }
}
