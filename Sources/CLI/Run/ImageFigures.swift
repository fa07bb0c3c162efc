import Warming
import ImageModel

extension RunResult.Image {
  /// What the reference stands for; where no registry could be asked, what most nodes have.
  func digest(in coverage: Coverage, at index: Int) -> Digest? {
    resolution?.digest ?? coverage.digests(image: index).first?.digest
  }

  /// Compressed size: the registry's word, else what a node pulled on average.
  var size: Int64? { resolution?.size ?? (pulls > 0 && pulledBytes > 0 ? pulledBytes / Int64(pulls) : nil) }
}

extension ImageResolution {
  /// Of the largest variant.
  var size: Int64? { variants.values.map(\.sizeBytes).max() }
}

extension Digest {
  /// Enough of it to compare by eye: `sha256:0123456789ab`.
  var shown: String { "\(algorithm):\(short)" }
}
