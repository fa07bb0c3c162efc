import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// The promises that every runtime keeps, `RuntimeContract`, kept by a folder.
///
/// Credentials are missing here: the folder's registry client has a source of its own, see `RegistryClient`'s tests.
@Suite("OCI layout: runtime contract", .timeLimit(.minutes(10)))
struct OCILayoutContractTests {
  private func run(_ promise: (any Runtime, EmbeddedRegistry) async throws -> Void) async throws {
    try await withLayoutLab { try await promise($0.runtime(), $0.registry) }
  }

  @Test func tellsWhatItIs() async throws {
    try await run { runtime, _ in try await RuntimeContract.tellsWhatItIs(runtime, name: "OCI layout") }
  }

  @Test func pullsWithProgress() async throws { try await run(RuntimeContract.pullsWithProgress) }
  @Test func listsAndRemoves() async throws { try await run(RuntimeContract.listsAndRemoves) }
  @Test func downloadsNothingTwice() async throws { try await run(RuntimeContract.downloadsNothingTwice) }
  @Test func findsEveryFormOfAReference() async throws { try await run(RuntimeContract.findsEveryFormOfAReference) }
  @Test func tellsTheSpace() async throws { try await run(RuntimeContract.tellsTheSpace) }
  @Test func tellsWhatIsMissing() async throws { try await run(RuntimeContract.tellsWhatIsMissing) }
  @Test func countsSharedLayersForBoth() async throws { try await run(RuntimeContract.countsSharedLayersForBoth) }
  @Test func stopsAtOnceWhenCancelled() async throws { try await run(RuntimeContract.stopsAtOnceWhenCancelled) }
}
