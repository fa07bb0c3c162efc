import Networking
import ImageModel
import Logging
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// What this program says of a carelessly written image is what containerd does with it.
  @Suite(.timeLimit(.minutes(10))) struct ContainerdJudgeTests {
    @Test func weTakeWhatContainerdTakesAndNothingElse() async throws {
      try await RuntimeUnderTest.containerd(.system).run { runtime, registry in
        let parts = try OddImage.Parts(in: registry)
        var configuration = RegistryConfiguration()
        configuration.retry = .never
        let client = RegistryClient(
          configuration: configuration, credentials: Registry.NoCredentials(),
          logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for (number, image) in OddImage.all.enumerated() {
          let blob = SampleImage.Blob(Array(try image.document(parts).utf8), mediaType: image.type)
          let reference = registry.add(manifest: blob, to: "odd/image", tag: "odd-\(number)")
          if image.isSeenInAnyStore {
            var refusal: RuntimeError?
            do {
              _ = try await runtime.pull(PullOrder(reference: reference, platform: .host), progress: { _ in })
            } catch let error as RuntimeError {
              refusal = error
            }
            #expect((refusal == nil) == image.isTaken, "containerd, \(image.name): \(refusal?.detail ?? "took it")")
          }
          var ours: RegistryError?
          do {
            _ = try await client.image(reference, platform: .host)
          } catch let error as RegistryError {
            ours = error
          }
          #expect((ours == nil) == image.isTaken, "we, \(image.name): \(ours?.detail ?? "took it")")
          #expect(ours?.detail.contains("Decoding") != true && ours?.detail.contains("CodingKey") != true)
        }
        try await client.shutdown()
      }
    }
  }
}
