import Kubernetes
import ImageModel

/// What a run knows beforehand: the request, and what the registries said.
struct RunPlan: Sendable {
  let request: RunRequest
  /// By the index of the image; nil where the registry was not asked, or has no such image.
  let resolutions: [ImageResolution?]
  let settings: RolloutSettings

  init(_ request: RunRequest, report: PreflightReport?) {
    self.request = request
    resolutions = request.images.indices.map { index in
      report?.images.first { $0.image == request.images[index] }?.resolution
    }
    var settings = RolloutSettings()
    settings.parallelism = request.parallelism
    settings.maxFailures = request.maxFailures
    settings.timeout = request.timeout
    settings.nodeTimeout = request.nodeTimeout
    let found = request.images.map { image in report?.images.first { $0.image == image } }
    let indices = request.images.indices
    settings.refusedImages = Set(indices.filter { found[$0]?.isRefused ?? false })
    let silent = indices.filter { found[$0]?.isSilent ?? false }
    settings.apart = Dictionary(grouping: silent) { request.images[$0].reference.registry }
      .values.map(Set.init).sorted { ($0.min() ?? 0) < ($1.min() ?? 0) }
    settings.unknownHosts = Set(silent.filter { found[$0]?.problem?.code == "noSuchHost" })
    self.settings = settings
  }

  /// The images that have nothing for a node's platform, and why.
  func unsupported(on node: NodeFacts) -> [Int: String] {
    var reasons: [Int: String] = [:]
    for (index, resolution) in resolutions.enumerated() {
      guard let resolution, !resolution.supports(node.platform) else { continue }
      let platforms = resolution.platforms.map(\.description).joined(separator: ", ")
      reasons[index] = "it has images for \(platforms) only, not for \(node.platform)"
    }
    return reasons
  }

  /// What a node holds of an image; nil where its pod does not say which one it is.
  func held(_ image: Int, _ identity: ImageIdentity?) -> RolloutMachine.ImageSignal {
    switch identity?.meaning(for: request.images[image].given, resolved: resolutions[image]) {
    case nil, .unstated: .held(nil, isStale: false)
    case .wanted(let digest), .elsewhere(let digest): .held(digest, isStale: false)
    case .other(let digest): .held(digest, isStale: true)
    }
  }
}
