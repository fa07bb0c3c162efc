import Networking
import Documents
import Foundation
import ImageModel
import Logging
import Registry
import Synchronization
import TestKit
import VirtualCluster

@testable import Runtimes

/// A layout in a temporary folder with a fake registry to fill it from.
struct LayoutLab: Sendable {
  let registry: EmbeddedRegistry
  let client: RegistryClient
  /// The folder of the layout; nothing is there at first.
  let path: String

  var layout: Layout { Layout(path) }

  /// One more user of the layout: locks exclude it from the others as if it were another process.
  func runtime(
    platform: Platform = .host, stallLimit: Duration = .seconds(60)
  ) -> OCILayoutRuntime {
    OCILayoutRuntime(
      path: path, platform: platform, registry: client, stallLimit: stallLimit, logger: Logger(label: "layout"))
  }

  func order(_ reference: Reference, platform: Platform = .host) -> PullOrder {
    PullOrder(reference: reference, platform: platform)
  }

  /// Puts the beginning of a blob where a killed pull would have left it.
  func leave(_ bytes: some Sequence<UInt8>, of descriptor: Descriptor) throws {
    try layout.makeFolders()
    try Data(Array(bytes)).write(to: URL(filePath: "\(layout.partial(descriptor.digest))"))
  }

  func blob(_ descriptor: Descriptor) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(layout.blob(descriptor.digest))").map { [UInt8]($0) }
  }

  func index() throws -> JSON {
    try JSONDecoder().decode(JSON.self, from: Data(contentsOf: URL(filePath: "\(layout.indexFile)")))
  }

  var partials: [String] { (try? layout.names(in: layout.ingest)) ?? [] }
  var leases: [String] { (try? layout.names(in: layout.leases)) ?? [] }

  /// The requests for a blob: the offsets at which they began.
  func offsets(of descriptor: Descriptor) -> [Int64] {
    registry.requests.filter { $0.method == "GET" && $0.path.hasSuffix("/blobs/\(descriptor.digest)") }
      .map { $0.headers["range"].flatMap { Int64($0.dropFirst("bytes=".count).prefix { $0 != "-" }) } ?? 0 }
  }

  /// Makes every answer with this blob go wrong, the next `times` times.
  func inject(_ fault: RegistryFault, into descriptor: Descriptor, times: Int = .max) {
    let suffix = "/blobs/\(descriptor.digest)"
    registry.inject(fault, times: times) { $0.method == "GET" && $0.path.hasSuffix(suffix) }
  }
}

/// Runs `body` with a layout lab; the layout is at `path`, or in a temporary folder.
func withLayoutLab<Result: Sendable>(
  at path: String? = nil, attempts: Int = 4, idleTimeout: Duration = .seconds(30),
  _ body: (LayoutLab) async throws -> Result
) async throws -> Result {
  try await withTemporaryFolder("layout") { folder in
    try await withEmbeddedRegistry { registry in
      var configuration = RegistryConfiguration()
      configuration.retry = RetryPolicy(attempts: attempts, base: .milliseconds(5), factor: 1)
      configuration.idleTimeout = idleTimeout
      let client = RegistryClient(
        configuration: configuration, credentials: NoCredentials(), logger: Logger(label: "registry"))
      let result: Swift.Result<Result, any Error>
      do {
        result = .success(
          try await body(LayoutLab(registry: registry, client: client, path: path ?? folder + "/layout")))
      } catch {
        result = .failure(error)
      }
      try await client.shutdown()
      return try result.get()
    }
  }
}

struct NoCredentials: CredentialSource {
  func credential(for registry: String, repository: String) async throws -> RegistryCredential? { nil }
}

/// Keeps what a pull reports.
final class ProgressRecord: Sendable {
  private let reports = Mutex<[PullProgress]>([])

  var all: [PullProgress] { reports.withLock { $0 } }
  var last: PullProgress? { all.last }

  /// Whether neither the bytes nor the phase ever went back.
  var isMonotonic: Bool {
    zip(all, all.dropFirst()).allSatisfy { $0.completedBytes <= $1.completedBytes && $0.phase <= $1.phase }
  }

  func add(_ progress: PullProgress) { reports.withLock { $0.append(progress) } }

  /// Waits until a report fits.
  func wait(until fits: (PullProgress) -> Bool) async throws {
    try await eventually("a report that fits") { all.contains(where: fits) }
  }
}
