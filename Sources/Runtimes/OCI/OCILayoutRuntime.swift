package import ImageModel
package import Logging
package import Registry

/// An OCI image layout folder as a runtime: where no runtime is at hand, and to bake images into a node's disk.
///
/// The folder is an ordinary layout that skopeo, umoci and `ctr images import` read; see `LayoutIndex` for the names in
/// it and `Layout` for Prepull's own files. Any number of tasks and processes may use one folder at a time.
package struct OCILayoutRuntime: Runtime {
  package let endpoint: RuntimeEndpoint
  let layout: Layout
  let platform: Platform
  let registry: RegistryClient
  let stallLimit: Duration
  let layersAtOnce: Int
  let logger: Logger

  /// - Parameters:
  ///   - platform: what the images must run on. An image counts as present when the manifest of this platform and all
  ///     its blobs are there.
  ///   - stallLimit: how long another writer of the same blob may show no sign of life.
  ///   - layersAtOnce: layers of one image that are downloaded at the same time.
  package init(
    path: String, platform: Platform = .host, registry: RegistryClient, stallLimit: Duration = .seconds(300),
    layersAtOnce: Int = 3, logger: Logger
  ) {
    endpoint = RuntimeEndpoint(kind: .oci, path: path)
    layout = Layout(path)
    self.platform = platform
    self.registry = registry
    self.stallLimit = stallLimit
    self.layersAtOnce = max(1, layersAtOnce)
    self.logger = logger
  }

  package func identify() async throws -> RuntimeIdentity {
    try await naming("identify", endpoint.description) {
      let state = try await FileWork.run { try layout.state() }
      let version = if case .layout(let version) = state { version } else { Layout.version }
      return RuntimeIdentity(name: "OCI layout", version: version, apiVersion: version, platform: platform)
    }
  }

  /// The images of the runtime's platform, and those that are there for other platforms only.
  package func list() async throws -> [RuntimeImage] {
    try await naming("list images of", endpoint.description) {
      try await FileWork.run {
        guard case .layout = try layout.state() else { return [] }
        var order: [Digest] = []
        var references: [Digest: [String]] = [:]
        var tops: [Digest: Descriptor] = [:]
        for entry in try layout.index().entries {
          guard let top = entry.descriptor else { continue }
          if tops.updateValue(top, forKey: top.digest) == nil { order.append(top.digest) }
          if let name = entry.name { references[top.digest, default: []].append(name) }
        }
        return order.compactMap { digest in
          tops[digest].flatMap { layout.anyImage($0, preferring: platform) }?.runtimeImage(references[digest] ?? [])
        }
      }
    }
  }

  package func image(_ reference: Reference) async throws -> RuntimeImage? {
    try await naming("look for", reference.familiar) { try await held(reference, platform: platform) }
  }

  package func remove(_ reference: Reference) async throws -> Bool {
    try await naming("remove", reference.familiar) {
      guard case .layout = try await FileWork.run({ try layout.state() }) else { return false }
      try await FileWork.run { try layout.makeFolders() }
      return try await layout.exclusively {
        var index = try layout.index()
        let dropped = index.remove(reference)
        guard !dropped.isEmpty else { return false }
        try layout.replace(layout.indexFile, with: index.encoded())
        try layout.collectGarbage(dropped: dropped)
        return true
      }
    }
  }

  package func space() async throws -> ImageFileSystem {
    try await naming("measure", endpoint.description) {
      try await FileWork.run { layout.fileSystem(usedBytes: try layout.usedBytes()) }
    }
  }

  /// The image that is complete for a platform under the reference.
  func held(_ reference: Reference, platform: Platform) async throws -> RuntimeImage? {
    try await FileWork.run {
      guard case .layout = try layout.state(), let top = try layout.index().descriptor(of: reference) else {
        return nil
      }
      return layout.image(top, platform: platform)?.runtimeImage([reference.description])
    }
  }

  /// Runs `body` and says in its errors what was attempted on what.
  func naming<R>(_ operation: String, _ subject: String, _ body: () async throws -> R) async throws -> R {
    func named(_ code: RuntimeError.Code, _ detail: String, _ remedy: String) -> RuntimeError {
      RuntimeError(
        code, endpoint: endpoint, operation: operation, subject: subject, detail: detail, remedy: remedy)
    }
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      switch error {
      case let fault as LayoutFault: throw named(fault.code, fault.detail, fault.remedy)
      case let fault as RegistryError: throw named(.registry(fault.code), fault.reason, fault.remedy)
      default: throw error
      }
    }
  }
}
