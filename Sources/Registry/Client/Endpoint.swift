import ImageModel
import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One place where the images of a registry may be had: a mirror of it, or the registry itself.
struct Endpoint: Hashable {
  /// `nil`: to be found out.
  let scheme: String?
  let address: HostAddress
  /// Where the API begins, `/v2`.
  let path: String
  /// The registry as credentials name it.
  let name: String
  /// The registry that it stands in for, where that is another one.
  let mirrored: String?
  /// Whether others are asked when it fails.
  let isMirror: Bool
  let access: HostAccess
  let capabilities: HostCapabilities

  /// Mirrors in their order, then the registry.
  static func all(for registry: String, _ configuration: RegistryConfiguration) throws(RegistryProblem) -> [Endpoint] {
    // Docker Hub's API does not live at the name that its images bear.
    guard let address = HostAddress(registry == "docker.io" ? "registry-1.docker.io" : registry) else {
      throw RegistryProblem(.noSuchHost, "'\(registry)' is no host")
    }
    let hosts =
      configuration.hosts[registry]
      ?? RegistryHosts(mirrors: configuration.mirrors[registry] ?? configuration.mirrors["*"] ?? [])
    let mirrors = hosts.mirrors.map { mirror in
      Endpoint(
        scheme: mirror.scheme, address: mirror.address, path: mirror.path, name: "\(mirror.address)",
        mirrored: registry, isMirror: true, access: mirror.access, capabilities: mirror.capabilities)
    }
    let server = hosts.server
    return mirrors + [
      Endpoint(
        scheme: server?.scheme, address: server?.address ?? address, path: server?.path ?? "/v2", name: registry,
        mirrored: server.flatMap { $0.address == address ? nil : registry }, isMirror: false, access: hosts.access,
        capabilities: hosts.capabilities)
    ]
  }

  /// Whether it may be asked for something.
  func serves(_ item: String) -> Bool {
    // A tag has to be resolved; a digest says what it is.
    let isTag = item.hasPrefix("manifests/") && !item.contains(":") || item == "tags/list"
    return capabilities.contains(isTag ? .resolve : .pull)
  }

  /// The address of something in a repository; requests to mirrors name the registry that they mirror, as containerd does.
  ///
  /// - Parameter query: encoded.
  func url(scheme: String, repository: String, item: String, query: String? = nil) throws(RegistryProblem) -> URL {
    let parameters = [query, mirrored.map { "ns=\($0)" }].compactMap(\.self).joined(separator: "&")
    let end = parameters.isEmpty ? "" : "?" + parameters
    guard let url = URL(string: "\(scheme)://\(address)\(path)/\(repository)/\(item)\(end)") else {
      throw RegistryProblem(.fault, "'\(address)' makes no URL")
    }
    return url
  }
}
