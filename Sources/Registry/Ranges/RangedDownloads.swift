package import ImageModel
package import NIOCore
import Synchronization

/// Fetches blobs in parts, over a bounded number of connections to each registry that all blobs share.
///
/// One connection seldom fills a fast link. Where a registry does not do ranges, a blob comes over one connection. No
/// digest is checked here: the bytes come out of order.
package final class RangedDownloads: Sendable {
  package struct Settings: Sendable {
    /// To one registry, for all blobs together.
    package var connections: Int
    /// Bytes that one question asks for.
    package var partBytes: Int64
    /// How old a connection must be before it is compared with the others.
    package var youth: Duration

    package init(connections: Int = 8, partBytes: Int64 = 8 << 20, youth: Duration = .seconds(3)) {
      self.connections = min(16, max(1, connections))
      self.partBytes = partBytes
      self.youth = youth
    }
  }

  /// What takes the bytes.
  package struct Target: Sendable {
    /// Writes what comes at a place of the blob; from many tasks at once, never twice for the same place.
    let write: @Sendable (_ chunk: [ByteBuffer], _ offset: Int64) async throws -> Void
    /// Told how far the blob is there without a gap, and how many bytes have come in all. Neither goes back.
    let reached: @Sendable (_ inOrder: Int64, _ received: Int64) -> Void

    package init(
      write: @escaping @Sendable (_ chunk: [ByteBuffer], _ offset: Int64) async throws -> Void,
      reached: @escaping @Sendable (_ inOrder: Int64, _ received: Int64) -> Void
    ) {
      self.write = write
      self.reached = reached
    }
  }

  /// What the blobs of one registry share.
  struct Host: Sendable {
    let slots: ConnectionSlots
    let peers: RangePeers
  }

  private struct State {
    var hosts: [String: Host] = [:]
    var lastBlob = 0
  }

  let settings: Settings
  private let state = Mutex(State())

  package init(settings: Settings = Settings()) { self.settings = settings }

  /// Fetches a blob.
  ///
  /// A try that brought bytes does not count against the client's retry policy.
  ///
  /// - Parameter ranges: bytes that are there already, in order.
  package func fetch(
    _ descriptor: Descriptor, of reference: Reference, with client: RegistryClient, having ranges: [Range<Int64>] = [],
    into target: Target
  ) async throws {
    let (host, number) = state.withLock { state in
      let host =
        state.hosts[reference.registry]
        ?? Host(slots: ConnectionSlots(limit: settings.connections), peers: RangePeers(youth: settings.youth))
      state.hosts[reference.registry] = host
      state.lastBlob += 1
      return (host, state.lastBlob)
    }
    let download = RangedDownload(
      descriptor: descriptor, reference: reference, client: client, target: target, host: host, number: number,
      settings: settings, having: ranges)
    try await download.run()
  }
}
