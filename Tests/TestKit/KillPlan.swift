import Foundation
import VirtualCluster

/// Where a program is killed while it pulls.
///
/// PREPULL_KILL_COUNT says how often (5), PREPULL_KILL_SEED where (else anywhere, in CI always the same).
package struct KillPlan: Sendable {
  package struct Kill: Sendable {
    /// Compressed bytes that are there when it is killed.
    package let bytes: Int64
    /// For messages.
    package let text: String
  }

  package let kills: [Kill]

  /// - Parameter size: of all layers.
  package init(of what: String, size: Int64) {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["PREPULL_KILL_COUNT"].flatMap { Int($0) } ?? 5
    let other = environment["CI"] == nil ? UInt64.random(in: 1...1_000_000_000) : 13
    let seed = environment["PREPULL_KILL_SEED"].flatMap { UInt64($0) } ?? other
    print("killed \(what): \(count) from PREPULL_KILL_SEED=\(seed)")
    var random = SplitMix64(state: seed)
    kills = (0..<count).map { number in
      let bytes = Int64.random(in: 0...Int64(Double(size) * 0.95), using: &random)
      return Kill(bytes: bytes, text: "PREPULL_KILL_SEED=\(seed), number \(number + 1), at \(bytes) bytes")
    }
  }
}
