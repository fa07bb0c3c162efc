import ImageModel
import Registry
import SystemPackage
import Unpacking

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Tries once, with next to nothing, what every fast pull does: have containerd find a blob that was linked into its
/// store, and a folder that was moved into a snapshot.
///
/// It shows what no question tells: whether the folders that containerd names are the ones that are seen from here,
/// whether they may be written, and whether its content is shared.
struct SelfTest {
  let node: FastNode
  let connection: CRIConnection

  /// - Throws: `FastObstacle`.
  func run() async throws {
    let lease = try await ContainerdLease.begin("prepull-\(node.staging.run)-test", at: connection)
    let store = ContainerdStore(connection: connection, lease: lease, reference: nil)
    do {
      try await tryBlob(store)
      try await trySnapshot(store)
      try? await store.takeBack(node.deadRuns)
    } catch let fault as FastFault {
      await lease.end()
      throw FastObstacle(fault.detail)
    } catch {
      await lease.end()
      throw error
    }
    await lease.end()
  }

  private var random: [UInt8] { (0..<32).map { _ in UInt8.random(in: 0 ... .max) } }

  private func tryBlob(_ store: ContainerdStore) async throws {
    let bytes = random
    let descriptor = DigestVerifier.descriptor(of: bytes)
    let ref = "prepull-\(node.staging.run)-test"
    let blob = StagedBlob(node: node, descriptor: descriptor, name: "test")
    try await FileWork.run { [node] in
      try blob.create()
      try blob.write(bytes)
      try blob.link(into: node.contentRoot)
    }
    var isSeen = false
    do {
      if case .open(let stream, let offset) = try await WriteStream.claim(descriptor, ref: ref, in: store) {
        isSeen = offset == descriptor.size
        await stream.end()
      }
      try await store.abort(ref)
    } catch {
      blob.removeAll(from: node.contentRoot)
      throw error
    }
    blob.removeAll(from: node.contentRoot)
    guard isSeen else {
      throw FastObstacle(
        "containerd does not see what is linked into \(node.contentRoot): its content is isolated by namespace, or it has "
          + "another folder there")
    }
  }

  private func trySnapshot(_ store: ContainerdStore) async throws {
    let chain = DigestVerifier.descriptor(of: random).digest
    let key = "prepull-test-\(node.staging.run) \(chain)"
    let folder = node.staging.path.appending("test.fs")
    guard let folders = try await store.prepare(chain, on: nil, key: key) else { return }
    let moved = Result { try StagedFolder.make(folder) }.flatMap { staged in
      Result { try staged.move(to: folders, below: node.snapshotRoot) }
    }
    try await store.remove(snapshot: key)
    try moved.get()
  }
}
