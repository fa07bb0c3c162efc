import Foundation
import ImageModel
import Logging
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// The runtimes that must all keep `RuntimeContract`, each a real one, freshly started.
enum RuntimeUnderTest: CaseIterable, CustomTestStringConvertible {
  case containerd(ContainerdRelease)
  case dockerd

  /// Every containerd that this machine has: `scripts/packages runtimes` brings later ones.
  static let allCases: [RuntimeUnderTest] = ContainerdRelease.all.map { .containerd($0) } + [.dockerd]

  /// What the runtime calls itself.
  var name: String {
    switch self {
    case .containerd: "containerd"
    case .dockerd: "docker"
    }
  }

  var testDescription: String {
    switch self {
    case .containerd(let release): release.description
    case .dockerd: "dockerd"
    }
  }

  /// Starts the runtime and an empty registry, and runs `body` with both.
  func run(
    limits: RuntimeLimits = .test(), _ body: (any Runtime, EmbeddedRegistry) async throws -> Void
  ) async throws {
    try await withEmbeddedRegistry { registry in
      switch self {
      case .containerd(let release):
        try await withContainerd(ContainerdOptions(release: release)) {
          try await Self.connect($0.endpoint, limits) { try await body($0, registry) }
        }
      case .dockerd:
        try await withDockerd { try await Self.connect($0.endpoint, limits) { try await body($0, registry) } }
      }
    }
  }

  /// Connects to a runtime that downloads by itself.
  static func connect(
    _ endpoint: String, _ limits: RuntimeLimits = .test(), _ body: (any Runtime) async throws -> Void
  ) async throws {
    try await withSocketRuntime(RuntimeEndpoint(parsing: endpoint), limits: limits, body)
  }
}

extension RuntimeLimits {
  /// Generous enough for a busy machine, short enough that a test that hangs ends.
  static func test(
    call: Duration = .seconds(60), stall: Duration = .seconds(120), pull: Duration = .seconds(180)
  ) -> RuntimeLimits {
    RuntimeLimits(call: call, stall: stall, pull: pull, poll: .milliseconds(50))
  }
}

/// Collects what a pull tells of its progress, and waits for some of it.
final class ProgressLog: Sendable {
  private let state = Mutex<[PullProgress]>([])

  var all: [PullProgress] { state.withLock { $0 } }

  var report: @Sendable (PullProgress) -> Void {
    { progress in self.state.withLock { $0.append(progress) } }
  }

  /// Waits until the latest progress is as wanted.
  func wait(_ what: String, until isReached: (PullProgress) -> Bool) async throws {
    do {
      try await eventually(what) { all.last.map(isReached) ?? false }
    } catch is NeverHappened {
      throw Unreached(what: what, last: all.last)
    }
  }

  /// Waits until something of a layer has come.
  func waitForLayer(of order: PullOrder) async throws {
    let config = order.resolved?.manifest.config.size ?? 0
    try await wait("something of a layer") { $0.completedBytes > config }
  }

  struct Unreached: Error {
    let what: String
    let last: PullProgress?
  }
}

extension SampleImage {
  /// The image of this machine's platform, as a registry client resolves it.
  func resolved(as reference: Reference) throws -> ResolvedImage {
    let variant = variants.first { $0.platform == .host } ?? variants[0]
    let manifest = try JSONDecoder().decode(Manifest.self, from: Data(variant.manifest.bytes))
    return ResolvedImage(
      reference: reference, descriptor: root.descriptor, platform: variant.platform,
      manifestDescriptor: variant.manifest.descriptor, manifest: manifest,
      documents: manifests.map { Document(descriptor: $0.descriptor, bytes: $0.bytes) })
  }

  func order(_ reference: Reference, credential: RegistryCredential? = nil) throws -> PullOrder {
    PullOrder(reference: reference, platform: .host, resolved: try resolved(as: reference), credential: credential)
  }
}
