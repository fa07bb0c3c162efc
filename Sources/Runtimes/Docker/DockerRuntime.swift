package import ImageModel
import NIOCore
import NIOHTTP1
import Registry

/// A Docker Engine behind its unix socket.
package struct DockerRuntime: Runtime {
  package let endpoint: RuntimeEndpoint
  private let connection: DockerConnection

  init(_ connection: DockerConnection) {
    self.endpoint = connection.endpoint
    self.connection = connection
  }

  package func identify() async throws -> RuntimeIdentity {
    let engine = try await connection.askEngine()
    return RuntimeIdentity(
      name: "docker", version: engine.answer.version, apiVersion: engine.version.description,
      platform: engine.platform)
  }

  package func list() async throws -> [RuntimeImage] {
    let images: [DockerImage] = try await connection.call(
      DockerRequest(.GET, "/images/json"), DockerOperation("list images"))
    return images.map(RuntimeImage.init)
  }

  package func image(_ reference: Reference) async throws -> RuntimeImage? {
    do {
      let image: DockerImage = try await connection.call(
        DockerRequest(.GET, "/images/\(reference)/json"),
        DockerOperation("look up", reference, toleratesMissing: true))
      return RuntimeImage(image)
    } catch is DockerRefusal {
      return nil
    }
  }

  package func pull(
    _ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws -> RuntimeImage {
    let operation = DockerOperation("pull", order.reference)
    let request = try await request(for: order, operation)
    var meter = DockerMeter(order.resolved?.manifest)
    var shown = meter.progress
    progress(shown)
    try await connection.stream(request, operation) { line in
      guard let event = try DockerPullEvent(line: line.readableBytesView) else { return }
      // The status was sent long before: failures come in the stream.
      if let failure = event.failure {
        throw RuntimeError(
          message: failure, endpoint: endpoint, operation: operation.verb, subject: operation.subject(at: endpoint),
          about: order.reference)
      }
      meter.observe(event)
      guard meter.progress != shown else { return }
      shown = meter.progress
      progress(shown)
    }
    progress(
      PullProgress(
        phase: .verifying, completedBytes: shown.totalBytes ?? shown.completedBytes, totalBytes: shown.totalBytes))
    guard let image = try await image(order.reference) else {
      throw connection.error(
        .died, operation, "the engine ended the pull and does not have the image")
    }
    return image
  }

  /// A reference with a tag and a digest is pulled by the digest: Docker then finds it under both together.
  private func request(for order: PullOrder, _ operation: DockerOperation) async throws -> DockerRequest {
    let engine = try await connection.knownEngine()
    var request = DockerRequest(.POST, "/images/create")
    request.query = [("fromImage", order.reference.name), ("tag", order.reference.identifier)]
    let asked = order.platform.normalized
    // For its own platform the engine chooses the best variant by itself.
    if asked != engine.platform, asked != .host {
      guard engine.version >= DockerVersion(1, 32) else {
        throw connection.error(
          .unsupported, operation, "this engine pulls for its own platform \(engine.platform) only, not for \(asked)",
          "Leave --platform out, or update the engine.")
      }
      request.query.append(("platform", asked.description))
    }
    if let credential = order.credential {
      let header = try RegistryAuthHeader(credential, for: order.reference)
      request.headers.add(name: "X-Registry-Auth", value: header.value)
    }
    return request
  }

  /// Removes one name of an image, and the image with its last name.
  package func remove(_ reference: Reference) async throws -> Bool {
    var request = DockerRequest(.DELETE, "/images/\(reference)")
    request.limit = connection.limits.removal
    do {
      let _: DockerDone = try await connection.call(
        request, DockerOperation("remove", reference, toleratesMissing: true))
      return true
    } catch is DockerRefusal {
      return false
    }
  }

  package func used() async throws -> Set<String> {
    var request = DockerRequest(.GET, "/containers/json")
    request.query = [("all", "1")]
    let containers: [DockerContainer] = try await connection.call(request, DockerOperation("list containers"))
    return RuntimeImage.names(of: Set(containers.flatMap { [$0.image, $0.imageID] }), in: try await list())
  }

  package func space() async throws -> ImageFileSystem {
    let operation = DockerOperation("ask for the image file system")
    let info: DockerInfo = try await connection.call(DockerRequest(.GET, "/info"), operation)
    var request = DockerRequest(.GET, "/system/df")
    if try await connection.knownEngine().version >= DockerVersion(1, 42) { request.query = [("type", "image")] }
    request.limit = connection.limits.removal
    let usage: DockerDiskUsage = try await connection.call(request, operation)
    return ImageFileSystem(path: info.dockerRootDir, usedBytes: usage.layersSize)
  }
}

extension RuntimeImage {
  init(_ image: DockerImage) {
    let digests = image.repoDigests.filter { !$0.hasPrefix("<none>") }
    let tags = image.repoTags.filter { !$0.hasPrefix("<none>") }
    let named = digests.compactMap { name in
      name.lastIndex(of: "@").flatMap { try? Digest(parsing: name[name.index(after: $0)...]) }
    }
    let target = image.target.flatMap { try? Digest(parsing: $0) }
    self.init(
      id: image.id,
      // Docker gives names in their familiar form.
      references: (tags + digests).map { (try? Reference(parsing: $0))?.description ?? $0 },
      digests: named + (target.map { named.contains($0) ? [] : [$0] } ?? []), sizeBytes: image.size,
      platform: image.os.flatMap { os in
        image.architecture.map { Platform(os: os, architecture: $0, variant: image.variant).normalized }
      })
  }
}
