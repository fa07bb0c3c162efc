import ImageModel
import Registry

/// The kubelet's docker config: read where and as the kubelet reads it, at each question, as it may be replaced.
struct NodeDockerConfig: Sendable {
  let kubelet: Kubelet

  /// The logins for an image, of the first file that is there; the most specific first.
  ///
  /// - Throws: `LoginFault` where that file, or all that fits in it, cannot be read.
  func logins(for reference: Reference) async throws -> [RegistryCredential] {
    guard let (path, bytes, isLegacy) = firstFile else { return [] }
    do {
      let content = try PullSecretCredentials([(path, bytes, isLegacy)], kind: "the node's file")
      return try await content.credentials(for: reference.registry, repository: reference.repository)
    } catch let error as RegistryError {
      throw LoginFault(reason: "NodeCredentials", message: "\(error)")
    }
  }

  private var firstFile: (path: String, bytes: [UInt8], isLegacy: Bool)? {
    for (path, isLegacy) in places {
      if let bytes = kubelet.files.bytes(of: path) { return (path, bytes, isLegacy) }
    }
    return nil
  }

  /// In the order in which the kubelet looks: all of the new form first. Its helpers (`credHelpers`) it never runs.
  private var places: [(path: String, isLegacy: Bool)] {
    let home = kubelet.environment?["HOME"] ?? "/root"
    let folders = [kubelet.root, kubelet.workingDirectory, "\(home)/.docker", "/.docker", "/root/.docker"]
    let old = [kubelet.root, kubelet.workingDirectory, home, "/", "/root"]
    var seen: Set<String> = []
    return (folders.map { ("\($0)/config.json", false) } + old.map { ("\($0)/.dockercfg", true) })
      .filter { seen.insert($0.0).inserted }
  }
}
