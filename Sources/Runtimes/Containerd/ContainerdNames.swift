import GRPCCore
import ImageModel
import SwiftProtobuf

/// The names that containerd has for an image, and their labels: a tag, one or more digests of repositories, and
/// `sha256:<config>`, by which CRI knows the image.
struct ContainerdNames: Sendable {
  /// CRI says that an image is pinned when one of its names has this label; its value is `pinned`.
  static let pin = "io.cri-containerd.pinned"
  /// On names that were pinned here, so that pins of others are left alone: CRI's own of the sandbox image.
  static let ownPin = "prepull.dev/pinned"
  /// On names of images that were pulled here.
  static let pulled = "prepull.dev/pulled"

  let connection: CRIConnection

  private typealias Record = Containerd_Services_Images_V1_Image

  /// Nil where there is no such name.
  private func record(_ name: String) async throws -> Record? {
    try await connection.call(CRIOperation("look at the labels of an image")) { options in
      do {
        return try await connection.imageRecords.get(
          .with { $0.name = name }, metadata: CRIConnection.namespace, options: options
        ).image
      } catch let error as RPCError where error.code == .notFound {
        return nil
      }
    }
  }

  /// Empty where there is no such name.
  func labels(of name: String) async throws -> [String: String] { try await record(name)?.labels ?? [:] }

  /// The names that have a label.
  func labelled(_ label: String) async throws -> [String] {
    try await connection.call(CRIOperation("list labels of images")) { options in
      try await connection.imageRecords.list(
        .with { $0.filters = ["labels.\"\(label)\""] }, metadata: CRIConnection.namespace, options: options
      ).images.map(\.name)
    }
  }

  /// Changes these labels and no others; an empty value takes a label away. A name that is not there is left alone.
  func label(_ name: String, _ labels: [String: String]) async throws {
    if let record = try await record(name) { try await label(record, labels) }
  }

  func pin(_ name: String) async throws {
    guard let record = try await record(name), record.labels[Self.pin] == nil else { return }
    try await label(record, [Self.pin: "pinned", Self.ownPin: "true"])
  }

  func unpin(_ name: String) async throws {
    guard let record = try await record(name), record.labels[Self.ownPin] != nil else { return }
    try await label(record, [Self.pin: "", Self.ownPin: ""])
  }

  private func label(_ record: Record, _ labels: [String: String]) async throws {
    let request = Containerd_Services_Images_V1_UpdateImageRequest.with {
      // With its target, which stays as it is: containerd 1.7 and 2.1 crash where a request has none.
      $0.image = record
      $0.image.labels = labels
      $0.updateMask.paths = labels.keys.sorted().map { "labels.\($0)" }
    }
    try await connection.call(CRIOperation("label an image")) { options in
      do {
        _ = try await connection.imageRecords.update(request, metadata: CRIConnection.namespace, options: options)
      } catch let error as RPCError where error.code == .notFound {}
    }
  }
}
