package import ImageModel
import SwiftProtobuf
import Registry

/// A runtime behind the Kubernetes container runtime interface: containerd or CRI-O.
///
/// The kubelet speaks to the same socket, so what is here is what pods find.
package struct CRIRuntime: Runtime {
  package let endpoint: RuntimeEndpoint
  let connection: CRIConnection
  let ownPulls = OwnPulls()

  init(_ connection: CRIConnection) {
    self.endpoint = connection.endpoint
    self.connection = connection
  }

  package func identify() async throws -> RuntimeIdentity {
    let answer = try await connection.call(CRIOperation("ask what runs")) {
      try await connection.runtime.version(.with { $0.version = "v1" }, options: $0)
    }
    return RuntimeIdentity(
      name: answer.runtimeName, version: answer.runtimeVersion, apiVersion: answer.runtimeApiVersion, platform: .host)
  }

  package func list() async throws -> [RuntimeImage] {
    let answer = try await connection.call(CRIOperation("list images")) {
      try await connection.images.listImages(Runtime_V1_ListImagesRequest(), options: $0)
    }
    return answer.images.map(RuntimeImage.init)
  }

  package func image(_ reference: Reference) async throws -> RuntimeImage? {
    let answer = try await connection.call(CRIOperation("look up", reference)) {
      try await connection.images.imageStatus(.with { $0.image.image = reference.description }, options: $0)
    }
    return answer.hasImage && !answer.image.id.isEmpty ? RuntimeImage(answer.image) : nil
  }

  /// Removes the image that the reference names. CRI has it that all its other names go too.
  package func remove(_ reference: Reference) async throws -> Bool {
    guard try await image(reference) != nil else { return false }
    _ = try await connection.call(CRIOperation("remove", reference), limit: connection.limits.removal) {
      try await connection.images.removeImage(.with { $0.image.image = reference.description }, options: $0)
    }
    return true
  }

  package func space() async throws -> ImageFileSystem {
    let answer = try await connection.call(CRIOperation("ask for the image file system")) {
      try await connection.images.imageFsInfo(Runtime_V1_ImageFsInfoRequest(), options: $0)
    }
    guard let usage = answer.imageFilesystems.first else {
      return ImageFileSystem(path: "", usedBytes: nil)
    }
    return ImageFileSystem(
      path: usage.fsID.mountpoint, usedBytes: usage.hasUsedBytes ? Int64(clamping: usage.usedBytes.value) : nil)
  }
}

extension RuntimeImage {
  init(_ image: Runtime_V1_Image) {
    self.init(
      id: image.id, references: image.repoTags + image.repoDigests,
      digests: image.repoDigests.compactMap { name in
        name.lastIndex(of: "@").flatMap { try? Digest(parsing: name[name.index(after: $0)...]) }
      }, sizeBytes: Int64(clamping: image.size))
  }
}
