import ImageModel

/// How far a pull has come, from the lines that the Docker Engine sends.
struct DockerMeter: Sendable {
  private struct Layer {
    var bytes: Int64 = 0
    var isDownloaded = false
  }

  /// Sizes of the layers by the short digests that Docker names them with; empty when the manifest is not known.
  private let sizes: [String: Int64]
  private let configSize: Int64
  private let total: Int64?
  private var layers: [String: Layer] = [:]

  init(_ manifest: Manifest?) {
    let layers = manifest.map { manifest in manifest.blobs.filter { $0.digest != manifest.config.digest } } ?? []
    sizes = Dictionary(layers.map { ($0.digest.short, $0.size) }, uniquingKeysWith: max)
    configSize = manifest?.config.size ?? 0
    total = manifest.map(\.compressedSize)
  }

  mutating func observe(_ event: DockerPullEvent) {
    guard let id = event.id, let status = event.status else { return }
    // With the manifest at hand other identifiers (of manifests, of the tag) are no layers.
    guard sizes.isEmpty || sizes[id] != nil else { return }
    var layer = layers[id] ?? Layer()
    switch status {
    case "Pulling fs layer", "Waiting": break
    // A download that is tried again does not take back what was shown.
    case "Downloading": layer.bytes = max(layer.bytes, min(event.current ?? 0, sizes[id] ?? .max))
    case "Verifying Checksum", "Download complete", "Extracting", "Pull complete", "Already exists":
      layer = Layer(bytes: sizes[id] ?? layer.bytes, isDownloaded: true)
    default: return
    }
    layers[id] = layer
  }

  var progress: PullProgress {
    let known = sizes.isEmpty ? Array(layers.keys) : Array(sizes.keys)
    let isDownloaded = !known.isEmpty && known.allSatisfy { layers[$0]?.isDownloaded == true }
    let bytes = layers.values.reduce(Int64(0)) { $0 + $1.bytes }
    return PullProgress(
      phase: isDownloaded ? .unpacking : .downloading, completedBytes: bytes + (isDownloaded ? configSize : 0),
      totalBytes: total)
  }
}
