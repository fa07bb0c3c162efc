import GRPCCore
import ImageModel
import SwiftProtobuf

/// containerd's content, snapshots and image names, changed under a lease: until it ends, nothing that was put there or
/// was named to it is collected as garbage.
struct ContainerdStore: Sendable {
  typealias Labels = [String: String]

  static let snapshotter = "overlayfs"

  let connection: CRIConnection
  let lease: ContainerdLease
  /// For whom, in errors.
  let reference: Reference?

  var metadata: Metadata {
    var metadata = CRIConnection.namespace
    metadata.addString(lease.id, forKey: "containerd-lease")
    return metadata
  }

  private func call<Answer: Sendable>(
    _ verb: String, _ body: (CallOptions) async throws -> Answer
  ) async throws -> Answer {
    try await connection.call(CRIOperation(verb, reference), body)
  }

  /// Whether a blob is there in full. It stays while the lease lasts.
  func keep(blob: Digest) async throws -> Bool {
    try await lease.add(.blob(blob.description))
    return try await has(blob: blob)
  }

  /// Whether a blob is there in full at this moment.
  func has(blob: Digest) async throws -> Bool {
    try await call("look up a blob of") { options in
      try await found {
        _ = try await connection.content.info(
          .with { $0.digest = blob.description }, metadata: metadata, options: options)
      }
    }
  }

  /// Whether a snapshot is there that can be built upon. It stays while the lease lasts.
  func keep(snapshot: Digest) async throws -> Bool {
    try await lease.add(.snapshot(snapshot.description))
    return try await call("look up a snapshot of") { options in
      let request = Containerd_Services_Snapshots_V1_StatSnapshotRequest.with {
        $0.snapshotter = Self.snapshotter
        $0.key = snapshot.description
      }
      do {
        let answer = try await connection.snapshots.stat(request, metadata: metadata, options: options)
        return answer.info.kind == .committed
      } catch let error as RPCError where error.code == .notFound {
        return false
      }
    }
  }

  /// Adds labels to a blob, whose others stay.
  func label(_ blob: Digest, _ labels: Labels) async throws {
    try await call("label a blob of") { options in
      let request = Containerd_Services_Content_V1_UpdateRequest.with {
        $0.info.digest = blob.description
        $0.info.labels = labels
        $0.updateMask.paths = labels.keys.map { "labels.\($0)" }
      }
      _ = try await connection.content.update(request, metadata: metadata, options: options)
    }
  }

  /// Takes back what was written under a ref, if anything was.
  func abort(_ ref: String) async throws {
    try await call("take back a blob of") { options in
      _ = try await found {
        _ = try await connection.content.abort(.with { $0.ref = ref }, metadata: metadata, options: options)
      }
    }
    lease.drop(.write(ref))
  }

  /// The blobs that are being written, with the bytes that are there of each, by ref.
  func writing() async throws -> [String: Int64] {
    let answer = try await call("look at the pull of") { options in
      try await connection.content.listStatuses(.init(), metadata: metadata, options: options)
    }
    return Dictionary(answer.statuses.map { ($0.ref, $0.offset) }, uniquingKeysWith: max)
  }

  /// Takes back what runs that were killed had begun to write. Under a layer's own ref they write nothing: where there is
  /// something, it is another's.
  func takeBack(_ runs: [DeadRun]) async throws {
    let writing = try await writing()
    for ref in writing.keys where runs.contains(where: { ref.hasPrefix($0.prefix) }) { try await abort(ref) }
    let blobs = runs.flatMap(\.blobs).map { Descriptor(mediaType: "", digest: $0.digest, size: $0.size) }
    for blob in Set(blobs) {
      let ref = Self.ref(ofLayer: blob.digest)
      guard writing[ref] == 0,
        case .open(let stream, 0) = try await WriteStream.claim(blob, ref: ref, in: self)
      else { continue }
      await Hold(stream, of: ref, in: self).end()
    }
  }

  private func found(_ body: () async throws -> Void) async throws -> Bool {
    do {
      try await body()
      return true
    } catch let error as RPCError where error.code == .notFound {
      return false
    }
  }
}

extension ContainerdStore {
  /// Begins a snapshot that is to become `chain`; `nil` when that one is there.
  ///
  /// - Returns: the folders of the new one.
  func prepare(_ chain: Digest, on parent: Digest?, key: String) async throws -> SnapshotFolders? {
    typealias Answer = Containerd_Services_Snapshots_V1_PrepareSnapshotResponse
    let answer = try await call("prepare a snapshot of") { options -> Answer? in
      let request = Containerd_Services_Snapshots_V1_PrepareSnapshotRequest.with {
        $0.snapshotter = Self.snapshotter
        $0.key = key
        $0.parent = parent?.description ?? ""
        $0.labels = ["containerd.io/snapshot.ref": chain.description]
      }
      do {
        return try await connection.snapshots.prepare(request, metadata: metadata, options: options)
      } catch let error as RPCError where error.code == .alreadyExists {
        return nil
      }
    }
    if answer != nil { lease.hold(.snapshot(key)) }
    return try answer.map { try SnapshotFolders($0.mounts) }
  }

  /// Makes a prepared snapshot fit to be built upon. Somebody else may have been first; then ours goes.
  func commit(_ key: String, as chain: Digest) async throws {
    let isOurs = try await call("commit a snapshot of") { options in
      let request = Containerd_Services_Snapshots_V1_CommitSnapshotRequest.with {
        $0.snapshotter = Self.snapshotter
        $0.name = chain.description
        $0.key = key
      }
      do {
        _ = try await connection.snapshots.commit(request, metadata: metadata, options: options)
        return true
      } catch let error as RPCError where error.code == .alreadyExists {
        return false
      }
    }
    if isOurs {
      lease.hold(.snapshot(chain.description))
      return lease.drop(.snapshot(key))
    }
    _ = try await keep(snapshot: chain)
    try await remove(snapshot: key)
  }

  func remove(snapshot key: String) async throws {
    try await call("remove a snapshot of") { options in
      let request = Containerd_Services_Snapshots_V1_RemoveSnapshotRequest.with {
        $0.snapshotter = Self.snapshotter
        $0.key = key
      }
      _ = try await found {
        _ = try await connection.snapshots.remove(request, metadata: metadata, options: options)
      }
    }
    lease.drop(.snapshot(key))
  }

  /// Makes a name stand for an index or a manifest, whatever it stood for.
  func name(_ name: String, _ target: Descriptor) async throws {
    let image = Containerd_Services_Images_V1_Image.with {
      $0.name = name
      $0.labels = ["io.cri-containerd.image": "managed"]
      $0.target = .with {
        $0.mediaType = target.mediaType
        $0.digest = target.digest.description
        $0.size = target.size
      }
    }
    try await call("name") { options in
      do {
        _ = try await connection.imageRecords.create(.with { $0.image = image }, metadata: metadata, options: options)
      } catch let error as RPCError where error.code == .alreadyExists {
        let request = Containerd_Services_Images_V1_UpdateImageRequest.with {
          $0.image = image
          $0.updateMask.paths = ["target", "labels.io.cri-containerd.image"]
        }
        _ = try await connection.imageRecords.update(request, metadata: metadata, options: options)
      }
    }
  }
}
