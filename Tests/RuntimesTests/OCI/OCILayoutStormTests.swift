import Documents
import Crypto
import Foundation
import ImageModel
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: random interleavings", .timeLimit(.minutes(10)))
struct OCILayoutStormTests {
  /// Pulls, cancellations and removals of images that share layers, by writers who know nothing of each other, from a
  /// registry that fails now and then. An image that nobody removes must never lose anything.
  @Test(arguments: [1, 2, 3].map { _ in UInt64.random(in: 0 ... .max) })
  func nothingIsEverHalfThere(seed: UInt64) async throws {
    try await withLayoutLab(attempts: 3, idleTimeout: .seconds(3)) { lab in
      // The same seed gives the same first layers.
      let sizes = [40_000, 1_300_000, 2500, 600_000]
      let references = try (1...4).map { count in
        lab.registry.add(try SampleImage(seed: 9, layers: Array(sizes.prefix(count))), tag: "v\(count)")
      }
      let dice = Dice(seed: seed)
      let faults: [RegistryFault] = [.truncate(after: 30_000), .corrupt, .status(503), .ignoreRange, .status(416)]
      for fault in faults { lab.registry.inject(fault) { $0.path.contains("/blobs/") && dice.roll(12) == 0 } }

      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<5 {
          group.addTask {
            let runtime = lab.runtime()
            for _ in 0..<12 {
              let reference = references[dice.roll(3)]
              switch dice.roll(8) {
              case 0..<3: _ = try await Self.tolerant { try await runtime.pull(lab.order(reference)) { _ in } }
              case 3..<5:
                let pull = Task { try await runtime.pull(lab.order(reference)) { _ in } }
                try await Task.sleep(for: .milliseconds(dice.roll(30)))
                pull.cancel()
                _ = try await Self.tolerant { try await pull.value }
              case 5..<7: _ = try await runtime.remove(reference)
              default: _ = try await runtime.list()
              }
            }
          }
        }
        group.addTask {
          let runtime = lab.runtime()
          for _ in 0..<12 {
            guard try await Self.tolerant({ try await runtime.pull(lab.order(references[3])) { _ in } }) else {
              continue
            }
            #expect(try await runtime.image(references[3]) != nil, "seed \(seed)")
          }
        }
        try await group.waitForAll()
      }

      #expect(lab.leases == [], "seed \(seed)")
      for digest in try lab.layout.storedDigests() {
        let bytes = try #require(FileManager.default.contents(atPath: "\(lab.layout.blob(digest))"))
        #expect(Digest(bytes: SHA256.hash(data: bytes)) == digest, "seed \(seed)")
      }
      let runtime = lab.runtime()
      #expect(try await runtime.list().count == lab.index()["manifests"]?.array?.count, "seed \(seed)")

      lab.registry.clearFaults()
      for reference in references { _ = try await runtime.pull(lab.order(reference)) { _ in } }
      #expect(lab.partials == [], "seed \(seed)")
      for reference in references { #expect(try await runtime.remove(reference)) }
      #expect(try lab.layout.storedDigests() == [], "seed \(seed)")
    }
  }

  /// Whether a call succeeded; a registry that failed, and what a removal at the wrong time does, are no errors here.
  private static func tolerant(_ call: () async throws -> RuntimeImage) async throws -> Bool {
    do {
      _ = try await call()
      return true
    } catch is CancellationError {
    } catch let error as RuntimeError {
      let wasRemoved = error.code == .fault && error.detail.contains("missing again")
      guard case .registry = error.code else {
        guard wasRemoved else { throw error }
        return false
      }
    }
    return false
  }
}

/// Random numbers by seed, for any number of tasks.
private final class Dice: Sendable {
  private let generator: Mutex<SplitMix64>

  init(seed: UInt64) { generator = Mutex(SplitMix64(state: seed)) }

  func roll(_ sides: Int) -> Int { generator.withLock { Int.random(in: 0..<sides, using: &$0) } }
}
