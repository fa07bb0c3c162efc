import Crypto
import ImageModel
import Registry
import Unpacking

/// A layer of an image that is to become a snapshot.
struct FastLayer: Hashable, Sendable {
  /// From the base up.
  let position: Int
  let descriptor: Descriptor
  let compression: LayerCompression
  /// Digest of the layer's archive before compression.
  let diffID: ImageModel.Digest
  /// Name of its snapshot: stands for the layer and all below it.
  let chain: ImageModel.Digest
  /// Name of the snapshot below.
  let parent: ImageModel.Digest?

  /// The layers of an image, from the base up.
  ///
  /// - Throws: `FastObstacle` for what only a runtime knows how to unpack.
  static func all(of manifest: Manifest, diffIDs: [ImageModel.Digest]) throws(FastObstacle) -> [FastLayer] {
    guard manifest.layers.count == diffIDs.count else {
      throw FastObstacle("its configuration lists \(diffIDs.count) layers and its manifest \(manifest.layers.count)")
    }
    var layers: [FastLayer] = []
    for (position, descriptor) in manifest.layers.enumerated() {
      guard let compression = compression(of: descriptor.mediaType) else {
        throw FastObstacle("it has a layer of the type \(descriptor.mediaType)")
      }
      guard descriptor.digest.algorithm == .sha256 else {
        throw FastObstacle("it has a layer with a digest of \(descriptor.digest.algorithm.rawValue)")
      }
      let (diffID, parent) = (diffIDs[position], layers.last?.chain)
      let chain = parent.map { ImageModel.Digest(bytes: SHA256.hash(data: Array("\($0) \(diffID)".utf8))) } ?? diffID
      layers.append(
        FastLayer(
          position: position, descriptor: descriptor, compression: compression, diffID: diffID, chain: chain,
          parent: parent))
    }
    return layers
  }

  /// Foreign layers, encrypted ones and unknown ones have none.
  private static func compression(of type: String) -> LayerCompression? {
    switch type {
    case MediaType.ociLayer, "application/vnd.docker.image.rootfs.diff.tar": LayerCompression.none
    case MediaType.ociLayerGzip, MediaType.dockerLayerGzip: .gzip
    case MediaType.ociLayerZstd, "application/vnd.docker.image.rootfs.diff.tar.zstd": .zstd
    default: nil
    }
  }

  /// What unpacking may cost: far more than honest layers need, far less than would fill a node.
  ///
  /// - Parameter space: bytes and files that are free.
  func limits(space: (bytes: Int64, files: Int)) -> UnpackLimits {
    let bytes = min(space.bytes, descriptor.size.multipliedReportingOverflow(by: 200).partialValue + 256 << 20)
    return UnpackLimits(
      bytes: bytes, files: min(space.files, 10_000_000), seconds: 60 + Int(clamping: bytes / 5_000_000))
  }
}
