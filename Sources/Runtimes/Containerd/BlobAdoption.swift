import GRPCCore
import ImageModel
import SwiftProtobuf
import SystemPackage

/// Makes a verified blob the runtime's own: by a second name where the content store has its blobs, which costs nothing;
/// or where that is not seen, by sending it.
struct BlobAdoption: Sendable {
  let blob: StagedBlob
  let node: FastNode
  let store: ContainerdStore
  /// Our own, which nobody else writes under.
  let ref: String
  let labels: ContainerdStore.Labels

  /// Bytes of one message, and messages under way at once.
  private static let message = 1 << 20
  private static let ahead = 8

  /// Ends the hold on the blob's ref once the runtime has the blob, and not before: whoever waits for the ref has looked
  /// for the blob by then, and would fetch it.
  func run(_ hold: Hold) async throws {
    hold.moved()
    let root = node.contentRoot
    try await node.blocking { [blob] in try blob.link(into: root) }
    switch try await WriteStream.claim(blob.descriptor, ref: ref, in: store) {
    case .present: try await store.label(blob.descriptor.digest, labels)
    case .busy: throw FastFault(.fault, "containerd says that another one writes \(ref)")
    case .open(let stream, let offset):
      if offset != blob.descriptor.size { try await send(through: stream) }
      try await store.commit(blob.descriptor, ref: ref, at: blob.descriptor.size, labels: labels, through: stream)
    }
    await hold.end()
  }

  /// Sends the content, a few messages ahead of the answers.
  private func send(through stream: WriteStream) async throws {
    try await store.connection.call(CRIOperation("send a blob of", store.reference), isRepeatable: false) { _ in
      let file = try blob.open(.readOnly)
      defer { try? file.close() }
      var (position, underWay): (Int64, Int) = (0, 0)
      while position < blob.descriptor.size || underWay > 0 {
        if position < blob.descriptor.size, underWay < Self.ahead {
          let start = position
          let bytes = try await node.blocking {
            try [UInt8](unsafeUninitializedCapacity: Self.message) { buffer, count in
              count = try file.read(fromAbsoluteOffset: start, into: UnsafeMutableRawBufferPointer(buffer))
            }
          }
          guard !bytes.isEmpty else { throw FastFault(.fault, "the file \(blob.path) was cut short") }
          stream.send(
            .with {
              $0.action = .write
              $0.ref = ref
              $0.offset = start
              $0.total = blob.descriptor.size
              $0.expected = blob.descriptor.digest.description
              $0.data = .init(bytes)
            })
          position += Int64(bytes.count)
          underWay += 1
        } else {
          _ = try await stream.answer()
          underWay -= 1
        }
      }
    }
  }
}
