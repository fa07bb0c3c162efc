import GRPCCore
import ImageModel
import Registry
import SwiftProtobuf

/// Looks at containerd's content store during a pull and tells how far it has come.
///
/// CRI itself says nothing until a pull is over. Where there is no content service (CRI-O), the watch ends and the pull
/// goes on unseen: no fault of the watch ever fails a pull. What it can see is a pull that stands still.
struct ContentWatch: Sendable {
  private let connection: CRIConnection
  private let reference: Reference
  private var limits: RuntimeLimits { connection.limits }

  init(_ connection: CRIConnection, of reference: Reference) {
    self.connection = connection
    self.reference = reference
  }

  /// Reports until it is cancelled, or until there is nothing more to be seen.
  ///
  /// - Throws: `RuntimeError` when blobs are being written and none grew for `limits.stall`.
  func run(_ meter: ContentMeter, _ progress: @Sendable (PullProgress) -> Void) async throws {
    var meter = meter
    var (look, failures) = (0, 0)
    var latest: [Digest: Int64] = [:]
    var lastMove = ContinuousClock.now
    while failures < 5 {
      try await Task.sleep(for: limits.poll)
      do {
        let writing = try await writing().filter { meter.counts($0.key) }
        let vanished = meter.observe(writing: writing)
        // A blob may come and go between two looks, but questions cost time: all are asked for once a second only.
        for digest in look.isMultiple(of: 5) ? meter.unaccounted : vanished where try await isPresent(digest) {
          meter.found(digest)
        }
        (look, failures) = (look + 1, 0)
        progress(meter.progress)
        if writing != latest || !meter.isWriting { lastMove = .now }
        latest = writing
      } catch {
        if Task.isCancelled { throw CancellationError() }
        if (error as? RPCError)?.code == .unimplemented { return }
        failures += 1
      }
      if ContinuousClock.now - lastMove > limits.stall { throw stalled() }
    }
  }

  private func writing() async throws -> [Digest: Int64] {
    let answer = try await connection.content.listStatuses(.init(), metadata: CRIConnection.namespace, options: options)
    let blobs = answer.statuses.compactMap { status -> (Digest, Int64)? in
      // "layer-sha256:…"; the first part tells the kind of blob.
      guard let dash = status.ref.lastIndex(of: "-"),
        let digest = try? Digest(parsing: status.ref[status.ref.index(after: dash)...])
      else { return nil }
      return (digest, status.offset)
    }
    return Dictionary(blobs, uniquingKeysWith: max)
  }

  private func isPresent(_ digest: Digest) async throws -> Bool {
    do {
      _ = try await connection.content.info(
        .with { $0.digest = digest.description }, metadata: CRIConnection.namespace, options: options)
      return true
    } catch let error as RPCError where error.code == .notFound {
      return false
    }
  }

  private var options: CallOptions {
    var options = CallOptions.defaults
    options.timeout = .seconds(5)
    return options
  }

  private func stalled() -> RuntimeError {
    RuntimeError(
      .timedOut, endpoint: connection.endpoint, operation: "pull", subject: reference.familiar,
      detail: "no byte came from the registry for \(limits.stall)",
      remedy: RuntimeError.remedy(for: .registry(.timedOut)))
  }
}
