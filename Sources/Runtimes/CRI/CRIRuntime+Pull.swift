import ImageModel
import SwiftProtobuf
import Registry

extension CRIRuntime {
  package func pull(
    _ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws -> RuntimeImage {
    try checkPlatform(of: order)
    let operation = CRIOperation("pull", order.reference)
    let request = Runtime_V1_PullImageRequest.with {
      $0.image.image = order.reference.description
      if let credential = order.credential { $0.auth = Runtime_V1_AuthConfig(credential) }
    }
    // Opens the connection, and tells a socket that is no runtime's before the long call is made.
    _ = try await identify()
    let total = order.resolved.map { $0.manifest.compressedSize }
    progress(PullProgress(phase: .downloading, totalBytes: total))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await ownPulls.during(order.resolved?.manifest.layers ?? []) {
          _ = try await connection.call(operation, limit: connection.limits.pull, isRepeatable: false) {
            try await connection.images.pullImage(request, options: $0)
          }
        }
        return true
      }
      if let manifest = order.resolved?.manifest {
        group.addTask {
          try await ContentWatch(connection, of: order.reference).run(ContentMeter(manifest.blobs), progress)
          return false
        }
      }
      // The watch may end first, where there is nothing to be seen; a pull that stalls makes it throw.
      while let isPulled = try await group.next(), !isPulled {}
      group.cancelAll()
    }
    progress(PullProgress(phase: .verifying, completedBytes: total ?? 0, totalBytes: total))
    guard let image = try await image(order.reference) else {
      throw RuntimeError(
        .fault, endpoint: endpoint, operation: operation.verb, subject: operation.subject(at: endpoint),
        detail: "the runtime says that it pulled the image and does not have it",
        remedy: "Check that the image was not collected as garbage: the disk may be full.")
    }
    return image
  }

  /// CRI pulls for the node that it is on and has no word for another platform.
  private func checkPlatform(of order: PullOrder) throws {
    let (asked, host) = (order.platform.normalized, Platform.host)
    guard asked.os != host.os || asked.architecture != host.architecture else { return }
    throw RuntimeError(
      .unsupported, endpoint: endpoint, operation: "pull", subject: order.reference.familiar,
      detail: "a Kubernetes runtime pulls for its own platform \(host) only, not for \(asked)",
      remedy: "Leave --platform out, or pull into a folder with --runtime oci:/path.")
  }
}

extension Runtime_V1_AuthConfig {
  /// The server's address stays empty, as the kubelet leaves it: containerd compares it with the host it speaks to,
  /// which for Docker Hub is not the one that references name.
  init(_ credential: RegistryCredential) {
    self.init()
    switch credential {
    case .basic(let username, let password):
      self.username = username
      self.password = password
    // With a user name as well containerd would take the (empty) password.
    case .identityToken(_, let token): identityToken = token
    case .registryToken(let token): registryToken = token
    }
  }
}
