import Kubernetes
import ImageModel
import Logging
import Registry
import Runtimes

/// Images in an OCI layout, pulled by ``Registry`` for the node's platform.
struct LayoutImages: ImageBackend {
  let isModelled = false
  let keepsNames = false
  let path: String
  let platform: Platform
  /// Shared by the nodes of a sandbox, without any credentials.
  let registry: RegistryClient
  /// What the node calls itself when it pulls; nil for what they all do.
  var userAgent: String?
  let logger: Logger

  var place: RuntimeEndpoint? { RuntimeEndpoint(kind: .oci, path: path) }

  private func runtime(_ client: RegistryClient) -> OCILayoutRuntime {
    OCILayoutRuntime(path: path, platform: platform, registry: client, stallLimit: .seconds(60), logger: logger)
  }

  func image(_ reference: Reference) async -> HeldImage? {
    HeldImage(try? await runtime(registry).image(reference), as: reference)
  }

  func pull(_ reference: Reference, credential: RegistryCredential?) async throws -> HeldImage {
    guard credential != nil || userAgent != nil else { return try await pull(reference, by: registry) }
    var configuration = registry.configuration
    if let userAgent { configuration.userAgent = userAgent }
    let client = RegistryClient(
      configuration: configuration, credentials: OneCredential(credential: credential), logger: logger)
    do {
      let image = try await pull(reference, by: client)
      try? await client.shutdown()
      return image
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  private func pull(_ reference: Reference, by client: RegistryClient) async throws -> HeldImage {
    do {
      let order = PullOrder(reference: reference, platform: platform)
      let image = try await runtime(client).pull(order) { _ in }
      guard let held = HeldImage(image, as: reference) else {
        throw PullFailure(message: "failed to pull and unpack image \"\(reference)\": it is not there")
      }
      return held
    } catch let error as RuntimeError {
      throw PullFailure(error, pulling: reference)
    }
  }

  func images() async -> [HeldImage] { await runtime(registry).heldImages() }
  func remove(_ reference: Reference) async { _ = try? await runtime(registry).remove(reference) }
  func missingBytes(_ reference: Reference) async -> Int64? { nil }
}

/// Images in a real container runtime behind its socket.
struct SocketImages: ImageBackend {
  let isModelled = false
  let keepsNames = true
  let endpoint: RuntimeEndpoint
  /// Never used: the runtime downloads by itself.
  let registry: RegistryClient
  let logger: Logger

  var place: RuntimeEndpoint? { endpoint }

  private func with<R: Sendable>(_ body: (any Runtime) async throws -> R) async throws -> R {
    try await withRuntime(endpoint, registry: registry, logger: logger, body)
  }

  func image(_ reference: Reference) async -> HeldImage? {
    HeldImage(try? await with { try await $0.image(reference) }, as: reference, knowsNames: true)
  }

  func pull(_ reference: Reference, credential: RegistryCredential?) async throws -> HeldImage {
    do {
      let order = PullOrder(reference: reference, platform: .host, credential: credential)
      let image = try await with { try await $0.pull(order) { _ in } }
      guard let held = HeldImage(image, as: reference, knowsNames: true) else {
        throw PullFailure(message: "failed to pull and unpack image \"\(reference)\": it is not there")
      }
      return held
    } catch let error as RuntimeError {
      throw PullFailure(error, pulling: reference)
    }
  }

  func images() async -> [HeldImage] { (try? await with { await $0.heldImages() }) ?? [] }
  func remove(_ reference: Reference) async { _ = try? await with { try await $0.remove(reference) } }
  func missingBytes(_ reference: Reference) async -> Int64? { nil }
}

private struct OneCredential: CredentialSource {
  let credential: RegistryCredential?

  func credential(for registry: String, repository: String) -> RegistryCredential? { credential }
}

extension Runtime {
  /// Everything that it holds, under each of its names.
  func heldImages() async -> [HeldImage] {
    ((try? await list()) ?? []).flatMap { image in
      image.references.compactMap { name in
        (try? Reference(parsing: name)).flatMap { $0.tag == nil ? nil : HeldImage(image, as: $0) }
      }
    }
  }
}

extension HeldImage {
  /// - Parameter knowsNames: the runtime tells all names under which it has the content.
  init?(_ image: RuntimeImage?, as reference: Reference, knowsNames: Bool = false) {
    guard let image else { return nil }
    // A runtime may know the same content from several repositories.
    let names = image.references.compactMap { try? Reference(parsing: $0) }
    let own = names.first { $0.name == reference.name && $0.digest != nil }?.digest
    guard let digest = reference.digest ?? own ?? image.digests.first else { return nil }
    self.init(
      reference: reference, digest: digest, id: image.id, sizeBytes: image.sizeBytes,
      names: knowsNames ? HeldImage.sorted(names) : [])
  }
}
