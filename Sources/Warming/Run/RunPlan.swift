import Kubernetes
import ImageModel

/// What a run knows beforehand: the request, and what the registries said.
struct RunPlan: Sendable {
  let request: RunRequest
  /// By the index of the image; nil where the registry was not asked, or has no such image.
  let resolutions: [ImageResolution?]
  /// The one plan of the fleet that a run is.
  let fleet: FleetPlan

  /// Nobody else makes pods, nothing outlives a run, and the user says which nodes are left alone.
  static var limits: FleetLimits {
    var limits = FleetLimits()
    limits.maxPods = .max
    limits.schedulingTimeout = .seconds(30)
    limits.awaitsReadiness = false
    limits.keepsRecords = false
    return limits
  }

  init(_ request: RunRequest, report: PreflightReport?) {
    self.request = request
    let found = request.images.map { image in report?.images.first { $0.image == image } }
    resolutions = found.map { $0?.resolution }
    let images = zip(request.images, resolutions).map { image, resolution in
      FleetImage(reference: image.given, registry: image.reference.registry, resolution: resolution)
    }
    var fleet = FleetPlan(generation: 1, images: images, nodes: request.nodes, createdAt: .zero)
    fleet.mode = .once
    fleet.access = PullAccess(namespace: request.namespace, secrets: request.pullSecrets)
    fleet.policy = request.policy
    fleet.parallelism = request.parallelism
    fleet.seeds = request.seeds
    fleet.timeout = request.nodeTimeout
    fleet.windowsTimeout = request.windowsTimeout
    fleet.rollout = Self.rules(request, found)
    self.fleet = fleet
  }

  private static func rules(_ request: RunRequest, _ found: [PreflightReport.Image?]) -> RolloutRules {
    var rules = RolloutRules()
    rules.maxFailures = request.maxFailures
    rules.timeout = request.timeout
    rules.notAfter = request.notAfter
    let indices = request.images.indices
    rules.refusedImages = Set(indices.filter { found[$0]?.isRefused ?? false })
    let silent = indices.filter { found[$0]?.isSilent ?? false }
    rules.apart = Dictionary(grouping: silent) { request.images[$0].reference.registry }
      .values.map(Set.init).sorted { ($0.min() ?? 0) < ($1.min() ?? 0) }
    rules.unknownHosts = Set(silent.filter { found[$0]?.problem?.code == "noSuchHost" })
    return rules
  }

  /// What a pod says of an image in terms of the fleet; an image that is stated under another repository is there.
  func report(_ image: Int, _ report: PodReading.Report) -> FleetPod.Report {
    switch report {
    case .waiting: return .waiting
    case .failing(let failing): return .failing(failing.failure, failing.nature, count: failing.count)
    case .present(let identity):
      return switch identity?.meaning(for: request.images[image].given, resolved: resolutions[image]) {
      case nil, .unstated, .elsewhere: .held(nil)
      case .wanted(let digest), .other(let digest): .held(digest)
      }
    }
  }
}
