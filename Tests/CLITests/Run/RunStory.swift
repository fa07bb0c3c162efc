import Kubernetes
@testable import Warming
import Foundation
import ImageModel

@testable import CLI

/// What the tests of the views of a run share: made-up events and figures.
enum RunStory {
  static let digest = Digest(bytes: Array(repeating: 0xab, count: 32))
  static let missing = WarmFailure(
    code: "notFound", detail: "there is no tag '9' of redis", remedy: "Check the name of the repository and the tag.")
  static let evicted = WarmFailure(code: "evicted", detail: "the node is full", remedy: "Free some of it.")

  static let seedWait = SeedWait(nodes: 38, reference: "web:2.0", holders: 2, pulling: 4)

  static func nodes(_ count: Int) -> [String] { (1...count).map { "node-\($0)" } }

  /// Three images on four nodes, at different stages.
  static var midway: [(Int, RunEvent)] {
    [
      (0, .planned(nodes: nodes(4), images: images)),
      (0, .nodeStarted(node: "node-1")), (0, .nodeStarted(node: "node-2")),
      (0, .cell(node: "node-1", image: 0, .pulling)), (0, .cell(node: "node-2", image: 0, .pulling)),
      (2, .imagePulled(node: "node-1", image: 0, duration: .seconds(2), bytes: 60_000_000)),
      (2, .cell(node: "node-1", image: 0, .warm(digest))), (2, .cell(node: "node-1", image: 1, .pulling)),
      (3, .imageFailed(node: "node-1", image: 1, missing, isFinal: false)),
      (4, .imageFailed(node: "node-1", image: 1, missing, isFinal: true)),
      (4, .cell(node: "node-1", image: 1, .failed(missing))),
      (5, .imagePresent(node: "node-1", image: 2)), (5, .cell(node: "node-1", image: 2, .warm(nil))),
      (5, .nodeFinished(node: "node-1", .incomplete)), (5, .nodeStarted(node: "node-3")),
      (6, .imagePulled(node: "node-2", image: 0, duration: .seconds(6), bytes: 60_000_000)),
      (6, .cell(node: "node-2", image: 0, .warm(digest))),
    ]
  }

  /// How it goes on and ends.
  static var end: [(Int, RunEvent)] {
    [
      (7, .podRetried(node: "node-3", reason: "the node had no room for the pod (OutOfpods)", after: .seconds(5))),
      (8, .nodeAdded(node: "node-5")), (8, .nodeGone(node: "node-4")),
      (9, .connectionLost(reason: "connection refused")), (11, .connectionRestored),
      (12, .imageFailed(node: "node-2", image: 1, missing, isFinal: true)),
      (12, .cell(node: "node-2", image: 1, .failed(missing))), (12, .nodeFinished(node: "node-2", .incomplete)),
      (13, .nodeFinished(node: "node-3", .refused(evicted))), (13, .nodeFinished(node: "node-5", .warm)),
      (14, .nodeSkipped(node: "node-6", .cordoned)), (14, .nodeUnsupported(node: "node-7", reason: "it runs windows")),
      (14, .warning("the events of the pods cannot be read\u{1B}[2J")),
      (15, .stopping(.maxFailures(failed: 3))), (15, .cleaningUp), (16, .cleanedUp(.complete)),
    ]
  }

  static let images = ["nginx:1.27", "redis:9", "registry.example.com/team/app:v1"]

  /// How four nodes ended: one warm, two without an image, one that took no pod.
  static var result: RunResult {
    get throws {
      var coverage = Coverage(images: images, nodes: nodes(4))
      for node in 0..<4 {
        coverage[image: 0, node: node] = .warm(digest)
        coverage[image: 1, node: node] = node == 0 ? .warm(digest) : .failed(missing)
        coverage[image: 2, node: node] = .warm(nil)
      }
      for image in 0..<3 { coverage[image: image, node: 3] = .pending }
      coverage[image: 2, node: 2] = .unsupported("it has nothing for arm64")
      var images = images.map { RunResult.Image(reference: $0) }
      images[0].resolution = ImageResolution(
        digest: digest, platforms: [try Platform(parsing: "linux/amd64")],
        variants: ["amd64": .init(digest: digest, configDigest: digest, sizeBytes: 69_200_000)])
      images[0].pulls = 2
      images[0].pulledBytes = 138_400_000
      images[0].present = 1
      images[2].pulls = 2
      images[2].pulledBytes = 20_000_000
      return RunResult(
        coverage: coverage, images: images,
        nodes: [
          .init(name: "node-1", outcome: .warm, duration: .seconds(5), pods: 1),
          .init(name: "node-2", outcome: .incomplete, duration: .seconds(12.25), pods: 1),
          .init(name: "node-3", outcome: .incomplete, duration: .seconds(9), pods: 2),
          .init(name: "node-4", outcome: .refused(evicted), duration: nil, pods: 1),
        ],
        skipped: [("node-5", .cordoned), ("node-6", .cordoned), ("node-7", .excluded)],
        unsupported: [("node-8", "it runs windows; Prepull warms Linux nodes")], duration: .seconds(16),
        cleanup: .complete, stopped: nil, retries: 1)
    }
  }
}
