import Documents
import ImageModel
import Logging
import NIOCore
import NIOPosix
import Networking
import Registry
import Synchronization
import SystemPackage
import Unpacking

/// What all fast pulls of one run share: where containerd has its folders, a staging folder beside them, and bounds.
final class FastNode: Sendable {
  let contentRoot: FilePath
  let snapshotRoot: FilePath
  let staging: StagingFolder
  let registries: RuntimeRegistries
  /// Whether containerd may have a judge of images that only its own pulls ask.
  let verifier: ImageVerifier
  let settings: FastSettings
  let downloads: RangedDownloads
  /// Layers in work at once.
  let slots: ConcurrencyLimit
  /// Who works on which snapshot.
  let chains = KeyedSlots<Digest>()
  let threads: NIOThreadPool
  /// Those that heed what containerd was told of a registry.
  private let clients = Mutex<[String: RegistryClient?]>([:])
  let logger: Logger
  /// What runs that were killed had begun to download.
  let leftovers: PartialBlobs
  private let watch: Task<Void, Never>
  let deadRuns: [DeadRun]

  /// Layers in work at once: more than there are cores, as some wait for bytes.
  private static var layersAtOnce: Int { max(4, System.coreCount + 2) }

  init(
    places: ContainerdPlaces, staging: StagingFolder, dead: [DeadRun] = [], leftovers: [PartialBlob] = [],
    registries: RuntimeRegistries, settings: FastSettings, logger: Logger
  ) {
    contentRoot = places.content
    snapshotRoot = places.snapshots
    verifier = places.verifier
    self.staging = staging
    self.registries = registries
    self.logger = logger
    deadRuns = dead
    let kept = PartialBlobs(leftovers)
    self.leftovers = kept
    watch = Task { await kept.dropInTime() }
    self.settings = settings
    downloads = RangedDownloads(settings: settings.downloads)
    slots = ConcurrencyLimit(Self.layersAtOnce)
    // For each layer one that hashes and one that feeds a pipe, which may be full; and a few for short work.
    threads = NIOThreadPool(numberOfThreads: 2 * Self.layersAtOnce + 4)
    threads.start()
  }

  /// Finds out whether fast pulls can be done at a runtime.
  ///
  /// - Throws: `FastObstacle` where not.
  static func examine(
    _ connection: CRIConnection, settings: FastSettings, logger: Logger
  ) async throws -> FastNode {
    let places = try await ContainerdPlaces.find(connection)
    let registries = try await RuntimeRegistries.read(connection, files: places.verifier.config)
    let made: (folder: StagingFolder, dead: [DeadRun], leftovers: [PartialBlob])
    do {
      made = try await FileWork.run {
        try places.checkFileSystems()
        return try StagingFolder.make(below: places.staging) { try removeUnpacked($0) }
      }
    } catch let fault as FastFault {
      throw FastObstacle(fault.detail)
    }
    let node = FastNode(
      places: places, staging: made.folder, dead: made.dead, leftovers: made.leftovers, registries: registries,
      settings: settings, logger: logger)
    do {
      try await SelfTest(node: node, connection: connection).run()
      return node
    } catch {
      await node.close(connection)
      throw error
    }
  }

  /// Deletes the staging folder, and ends the leases of runs that were killed: what they had made whole is in use by now,
  /// or never will be.
  func close(_ connection: CRIConnection) async {
    watch.cancel()
    if !deadRuns.isEmpty { await ContainerdLease.end(of: deadRuns, at: connection) }
    for client in clients.withLock({ $0.values.compactMap(\.self) }) { try? await client.shutdown() }
    let path = staging.path
    try? await FileWork.runAnyway { try removeUnpacked(path) }
    try? await threads.shutdownGracefully()
  }

  /// A client for a registry that heeds what containerd was told of it; nil where it was told nothing.
  ///
  /// - Throws: `FastObstacle` where that cannot be read.
  func client(for registry: String, beside plain: RegistryClient) throws -> RegistryClient? {
    try clients.withLock { clients in
      if let known = clients[registry] { return known }
      let client = try registries.hosts(of: registry).map { plain.heeding([registry: $0]) }
      clients[registry] = .some(client)
      return client
    }
  }

  /// Runs blocking work that may take long.
  func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await threads.runIfActive(work)
  }
}

/// Why fast pulls cannot be done on this node, or not for an image.
struct FastObstacle: Error, Hashable, CustomStringConvertible {
  let description: String
  /// Whether it is news: that a runtime is none that could be pulled for, is not.
  let isWorthSaying: Bool

  init(_ description: String, isWorthSaying: Bool = true) {
    self.description = description
    self.isWorthSaying = isWorthSaying
  }
}
