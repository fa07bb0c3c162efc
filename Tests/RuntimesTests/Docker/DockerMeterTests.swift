import ImageModel
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(10))) struct DockerMeterTests {
  private static func blob(_ number: UInt8, size: Int64) -> Descriptor {
    Descriptor(
      mediaType: MediaType.ociLayerGzip, digest: Digest(bytes: Array(repeating: number, count: 32)), size: size)
  }

  private let manifest = Manifest(
    config: blob(0, size: 5), layers: [blob(1, size: 100), blob(2, size: 50), blob(1, size: 100)])
  private let one = "010101010101"
  private let two = "020202020202"

  private func event(_ status: String, _ id: String? = nil, _ current: Int64? = nil) -> DockerPullEvent {
    DockerPullEvent(status: status, id: id, current: current)
  }

  @Test func followsAPull() {
    var meter = DockerMeter(manifest)
    #expect(meter.progress == PullProgress(phase: .downloading, completedBytes: 0, totalBytes: 155))
    let steps: [(DockerPullEvent, Int64, PullProgress.Phase)] = [
      (event("Pulling from test/image", "v1"), 0, .downloading),
      (event("Pulling fs layer", one), 0, .downloading),
      (event("Already exists", two), 50, .downloading),
      (event("Downloading", one, 30), 80, .downloading),
      (event("Retrying in 5 seconds", one), 80, .downloading),
      (event("Downloading", one, 10), 80, .downloading),
      (event("Downloading", one, 90), 140, .downloading),
      (event("Verifying Checksum", one), 155, .unpacking),
      (event("Extracting", one, 3), 155, .unpacking),
      (event("Pull complete", one), 155, .unpacking),
      (event("Digest: sha256:00"), 155, .unpacking),
      // Names of other things than layers, as newer engines send them.
      (event("Downloading", "090909090909", 1), 155, .unpacking),
    ]
    for (event, bytes, phase) in steps {
      meter.observe(event)
      #expect(meter.progress == PullProgress(phase: phase, completedBytes: bytes, totalBytes: 155), "\(event)")
    }
  }

  @Test func countsBytesWhereTheManifestIsNotKnown() {
    var meter = DockerMeter(nil)
    meter.observe(event("Pulling from test/image", "v1"))
    meter.observe(event("Pulling fs layer", one))
    meter.observe(event("Downloading", one, 30))
    #expect(meter.progress == PullProgress(phase: .downloading, completedBytes: 30, totalBytes: nil))
    meter.observe(event("Download complete", one))
    #expect(meter.progress == PullProgress(phase: .unpacking, completedBytes: 30, totalBytes: nil))
  }
}
