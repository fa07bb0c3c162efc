import Warming
import ImageModel
import Kubernetes

extension FleetPod {
  /// One of the operator's pods in terms of the fleet.
  ///
  /// - Parameters:
  ///   - reading: of the same pod.
  ///   - resolution: of a reference, where it is known.
  init(_ id: ID, _ pod: Pod, _ reading: PodReading, resolution: (String) -> ImageResolution?) {
    let annotations = pod.metadata.annotations
    self.init(
      id: id, uid: pod.metadata.uid ?? "",
      purpose: annotations?[PullerKey.purpose].flatMap(Purpose.init) ?? .pull,
      createdAt: Duration(timestamp: pod.metadata.creationTimestamp) ?? .zero,
      images: reading.images.map { image in
        Image(
          reference: image.reference, policy: image.policy.flatMap { Policy(rawValue: $0.rawValue) } ?? .ifNotPresent,
          report: Self.report(on: image, beside: reading.images, resolution(image.reference)))
      })
    isScheduled = reading.isScheduled
    unschedulable = reading.unschedulable
    phase = reading.phase
    isBeingDeleted = reading.isBeingDeleted
  }

  private static func report(
    on image: PodReading.Image, beside all: [PodReading.Image], _ resolution: ImageResolution?
  ) -> Report {
    switch image.report {
    case .waiting: return .waiting
    case .present(nil): return .held(nil)
    case .failing(let failing): return .failing(failing.failure, failing.nature, count: failing.count)
    case .present(let identity?):
      switch identity.meaning(for: image.reference, resolved: resolution) {
      case .unstated: return .held(nil)
      case .wanted(let digest), .other(let digest): return .held(digest)
      case .elsewhere:
        guard resolution != nil else { return .held(nil) }
        // Two containers that state the same hold the same.
        let proof = all.lazy.filter { $0.report == .present(identity) }
          .compactMap { PinnedReference.digest(in: $0.reference, of: image.reference) }.first
        return proof.map { .held($0) } ?? .unclear
      }
    }
  }
}
