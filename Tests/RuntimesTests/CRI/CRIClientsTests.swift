import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Many calls, one after the other.
  @Suite(.timeLimit(.minutes(5))) struct CRIClientsTests {
    @Test("Calls go on, and a stream that lasts is not cut off by them", arguments: ContainerdRelease.all)
    func manyCalls(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await RuntimeUnderTest.connect(lab.containerd.endpoint) { runtime in
          let changes = try #require(try await runtime.changes())
          for _ in 0..<4 * CRIClients.most {
            let held = try await runtime.image(reference)
            #expect(held == nil)
          }
          _ = try await runtime.pull(image.order(reference), progress: { _ in })
          for try await change in changes where change == .there(reference.description) { break }
        }
      }
    }
  }
}
