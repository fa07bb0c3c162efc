#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds the runtime of this machine: what the environment names, else the first well-known socket that answers, else a
/// folder with an image layout.
package struct RuntimeDiscovery: Sendable {
  /// One place that was looked at.
  package struct Attempt: Sendable {
    package let endpoint: RuntimeEndpoint
    /// What answered there.
    package let identity: RuntimeIdentity?
    /// Why it is not the one.
    package let error: RuntimeError?
  }

  /// What was found, and where was looked before.
  package struct Finding: Sendable, CustomStringConvertible {
    package let endpoint: RuntimeEndpoint
    /// `nil` where nothing had to be asked: the environment names it, or it is a folder.
    package let identity: RuntimeIdentity?
    /// Why this one, in a few words.
    package let reason: String
    /// Sockets that exist and would not do; those that do not exist are left out.
    package let passedOver: [Attempt]

    package var description: String {
      let name = identity.map { "\($0.name) \($0.version) at " } ?? ""
      return "\(name)\(endpoint) (\(reason))"
    }
  }

  /// Where the kubelet and its distributions put the runtime's socket, in the order of trial.
  package static let wellKnown = [
    "cri:///run/containerd/containerd.sock",
    "cri:///run/crio/crio.sock",
    "cri:///run/k3s/containerd/containerd.sock",
    "cri:///run/k0s/containerd.sock",
    "cri:///var/snap/microk8s/common/run/containerd.sock",
    "cri:///run/cri-dockerd.sock",
    "cri:///var/run/cri-dockerd.sock",
    "docker:///run/docker.sock",
    "docker:///var/run/docker.sock",
  ]

  private let root: String
  private let environment: [String: String]
  private let isSuperuser: Bool
  private let limits: RuntimeLimits

  /// - Parameters:
  ///   - root: what stands for `/` when well-known sockets are looked for.
  ///   - isSuperuser: decides where an image layout goes when there is no runtime.
  package init(
    root: String = "/", environment: [String: String], isSuperuser: Bool,
    limits: RuntimeLimits = RuntimeLimits(call: .seconds(5))
  ) {
    self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    self.environment = environment
    self.isSuperuser = isSuperuser
    self.limits = limits
  }

  /// Looks for a runtime.
  ///
  /// - Throws: `RuntimeError` when sockets exist and none can be used: to fill a folder then would help no pod.
  ///   `RuntimeEndpointError` when the environment names what is no runtime.
  package func find() async throws -> Finding {
    if let (endpoint, variable) = try named() {
      return Finding(endpoint: endpoint, identity: nil, reason: "\(variable) names it", passedOver: [])
    }
    var passedOver: [Attempt] = []
    for endpoint in candidates() {
      let attempt = try await attempt(endpoint)
      if let identity = attempt.identity {
        return Finding(
          endpoint: endpoint, identity: identity, reason: "the first socket that answers", passedOver: passedOver)
      }
      if attempt.error?.code != .noSocket { passedOver.append(attempt) }
    }
    if let error = passedOver.lazy.compactMap(\.error).first(where: { $0.code != .unsupported }) { throw error }
    return Finding(
      endpoint: RuntimeEndpoint(kind: .oci, path: layoutPath), identity: nil,
      reason: "no container runtime was found; images go into a folder", passedOver: passedOver)
  }

  /// What the environment names, with the variable's name.
  private func named() throws -> (RuntimeEndpoint, String)? {
    if let text = environment["CONTAINER_RUNTIME_ENDPOINT"], !text.isEmpty {
      let endpoint = try text.hasPrefix("/") ? RuntimeEndpoint(kind: .cri, path: text) : RuntimeEndpoint(parsing: text)
      return (endpoint, "CONTAINER_RUNTIME_ENDPOINT")
    }
    if let text = environment["DOCKER_HOST"], !text.isEmpty {
      guard text.hasPrefix("unix:///") else {
        throw RuntimeEndpointError(
          text: text, reason: "DOCKER_HOST is no unix socket; unset it, or name a socket with --runtime")
      }
      return (RuntimeEndpoint(kind: .docker, path: String(text.dropFirst("unix://".count))), "DOCKER_HOST")
    }
    return nil
  }

  private func candidates() -> [RuntimeEndpoint] {
    var texts = Self.wellKnown
    if let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") {
      texts.append("docker://\(folder)/docker.sock")
    }
    var seen: Set<String> = []
    return texts.compactMap { try? RuntimeEndpoint(parsing: $0) }
      .map { RuntimeEndpoint(kind: $0.kind, path: root + $0.path) }
      // `/var/run` is a link to `/run` on most machines.
      .filter { seen.insert(URL(fileURLWithPath: $0.path).resolvingSymlinksInPath().path).inserted }
  }

  private func attempt(_ endpoint: RuntimeEndpoint) async throws -> Attempt {
    do {
      let identity = try await withSocketRuntime(endpoint, limits: limits) { try await $0.identify() }
      return Attempt(endpoint: endpoint, identity: identity, error: nil)
    } catch let error as RuntimeError {
      return Attempt(endpoint: endpoint, identity: nil, error: error)
    }
  }

  private var layoutPath: String {
    if isSuperuser { return root + "/var/lib/prepull" }
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/prepull" }
    return (environment["HOME"] ?? ".") + "/.local/share/prepull"
  }
}
