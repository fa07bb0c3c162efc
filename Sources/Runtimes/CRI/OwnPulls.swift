import ImageModel
import Synchronization

/// The layers of images that a runtime pulls for this program at the moment.
final class OwnPulls: Sendable {
  private let counts = Mutex<[Digest: Int]>([:])

  func contains(_ layer: Digest) -> Bool { counts.withLock { $0[layer] != nil } }

  func during<Result>(_ layers: [Descriptor], _ body: () async throws -> Result) async rethrows -> Result {
    counts.withLock { counts in for layer in layers { counts[layer.digest, default: 0] += 1 } }
    defer {
      counts.withLock { counts in
        for layer in layers {
          let rest = (counts[layer.digest] ?? 1) - 1
          counts[layer.digest] = rest > 0 ? rest : nil
        }
      }
    }
    return try await body()
  }
}
