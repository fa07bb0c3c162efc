import Foundation
import ImageModel
import Logging
import Networking
import Registry
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// A containerd and a registry of their own, with pulls of any kind.
struct FastLab: Sendable {
  let containerd: Containerd
  let registry: EmbeddedRegistry

  static func run(
    _ options: ContainerdOptions = ContainerdOptions(), _ body: (FastLab) async throws -> Void
  ) async throws {
    try await withEmbeddedRegistry { registry in
      try await withContainerd(options) { try await body(FastLab(containerd: $0, registry: registry)) }
    }
  }

  /// Runs `body` with the runtime as `prepull pull` has it.
  func connect<Result: Sendable>(
    _ fast: FastPulls = .always, retry: RetryPolicy = .never, idle: Duration = .seconds(30),
    credentials: any CredentialSource = Registry.NoCredentials(),
    settings: RangedDownloads.Settings = RangedDownloads.Settings(partBytes: 1 << 20), smallest: Int64 = 0,
    pacer: PullPacer = PullPacer(bytesPerSecond: nil),
    patience: Duration = .seconds(30), leaseTime: Duration = .seconds(3600),
    _ body: @escaping @Sendable (any Runtime, RegistryClient) async throws -> Result
  ) async throws -> Result {
    var configuration = RegistryConfiguration()
    configuration.retry = retry
    configuration.idleTimeout = idle
    let client = RegistryClient(
      configuration: configuration, credentials: credentials,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    var fastSettings = FastSettings(
      downloads: settings, unpacker: FilePath(try PrepullProgram.path), smallest: smallest, pacer: pacer)
    fastSettings.patience = patience
    fastSettings.leaseTime = leaseTime
    do {
      let result = try await withRuntime(
        RuntimeEndpoint(parsing: containerd.endpoint), registry: client, limits: .test(), fast: fast,
        fastSettings: fastSettings,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      ) { try await body($0, client) }
      try await client.shutdown()
      return result
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  /// Pulls one image.
  @discardableResult
  func pull(
    _ reference: Reference, _ fast: FastPulls = .always, retry: RetryPolicy = .never, idle: Duration = .seconds(30),
    credential: RegistryCredential? = nil, patience: Duration = .seconds(30), leaseTime: Duration = .seconds(3600),
    log: ProgressLog = ProgressLog(),
    notes: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> RuntimeImage {
    try await connect(fast, retry: retry, idle: idle, patience: patience, leaseTime: leaseTime) { runtime, client in
      let image = try await client.image(reference, platform: .host)
      let order = PullOrder(
        reference: reference, platform: .host, resolved: image, credential: credential, onNote: notes)
      return try await runtime.pull(order, progress: log.report)
    }
  }

  /// What the registry was asked for of blobs.
  var blobRequests: [RecordedRequest] { registry.blobRequests }

  /// A folder of a run's.
  func staging(_ name: String) -> String { containerd.folder("root/prepull-staging/\(name)") }

  /// Bytes of a blob that were asked for, by this program and by containerd.
  func bytesAsked(of blob: SampleImage.Blob) -> (ours: Int, runtimes: Int) { registry.bytesAsked(of: blob) }
}
