package import Kubernetes
package import ImageModel

/// How a run ended.
package struct RunResult: Sendable {
  /// One image over all nodes.
  package struct Image: Sendable {
    /// As the user wrote it.
    package var reference: String
    /// What the registry said, where it was asked.
    package var resolution: ImageResolution?
    /// Bytes that nodes say to have pulled, as the kubelet counts them.
    package var pulledBytes: Int64 = 0
    /// Nodes that pulled it in this run.
    package var pulls = 0
    /// Nodes that said to have it already.
    package var present = 0
  }

  /// One node over all images.
  package struct Node: Sendable {
    package var name: String
    package var outcome: NodeOutcome
    /// From the first pod to the end; nil when none was made.
    package var duration: Duration?
    /// Pods made for it; more than the plan asks for when some were refused or lost.
    package var pods: Int
  }

  /// A cell that is not warm.
  package struct Failure: Sendable {
    package var node: String
    package var image: String
    package var failure: WarmFailure
  }

  package var coverage: Coverage
  package var images: [Image]
  package var nodes: [Node]
  /// Nodes that were chosen and left out, and why.
  package var skipped: [(node: String, reason: NodeVerdict.SkipReason)]
  /// Nodes that were chosen and cannot be warmed at all, and why.
  package var unsupported: [(node: String, reason: String)]
  package var duration: Duration
  package var cleanup: CleanupOutcome
  /// Why the run ended before every node had its turn.
  package var stopped: StopReason?
  package var retries: Int

  /// Whether every node that was wanted holds every image that it can hold, at the digest that was resolved, and there
  /// is a node for every image.
  package var isWarm: Bool {
    stopped == nil && coverage.isWarm && nodes.allSatisfy { $0.outcome.isGood } && homeless.isEmpty
  }

  /// Indices of the images that no wanted node can hold.
  package var homeless: [Int] { coverage.homelessImages }

  /// Nodes on which nobody tried an image, as it failed elsewhere. They count as failed too.
  package func untried(image: Int) -> Int {
    coverage.row(image).count { if case .failed(let failure) = $0 { failure.isUntried } else { false } }
  }

  /// Every cell that failed or is stale, by image and node.
  package var failures: [Failure] {
    coverage.images.indices.flatMap { image in
      coverage.nodes.indices.compactMap { node in
        let failure: WarmFailure
        switch coverage[image: image, node: node] {
        case .failed(let own): failure = own
        case .stale(let digest):
          failure = WarmFailure(
            code: "stale", detail: "the node holds \(digest), which is not what the reference resolves to now",
            remedy: "Pull again with --policy Always.")
        default: return nil
        }
        return Failure(node: coverage.nodes[node], image: coverage.images[image], failure: failure)
      }
    }
  }
}

/// What became of everything that a run made.
package enum CleanupOutcome: Hashable, Sendable {
  case complete
  /// Some of it is still there: what, why, and the command that removes it.
  case incomplete(left: [String], reason: String, remedy: String)
}
