import ImageModel
import Kubernetes

/// One of a run's pods: makes of what is read of it what the machine has to know.
///
/// The status says nothing of single images while the kubelet still pulls one of them, so the events tell the progress
/// until then.
struct RunPod: Sendable {
  typealias Input = FleetMachine.Input

  let id: FleetPod.ID
  var name: String
  /// Indices of the images by the names of the containers.
  let images: [String: Int]
  /// Whether the pod only proves what is there.
  let isProof: Bool
  /// Whether the cluster said that it is there.
  var isCreated: Bool { uid != nil }
  var uid: String?
  private var reader: PodReader
  private var isOver = false

  /// - Parameters:
  ///   - images: of the whole run, by the names of the containers.
  ///   - references: the same as users wrote them.
  init(
    id: FleetPod.ID, name: String, images: [String: Int], references: [String: String], isProof: Bool = false
  ) {
    self.id = id
    self.name = name
    self.images = images
    self.isProof = isProof
    reader = PodReader(references: references)
  }

  // MARK: Status

  /// The pod in a new state; nil when nothing that it says matters any more.
  mutating func read(_ pod: Pod, in plan: RunPlan, at now: Duration) -> FleetPod? {
    guard !isOver else { return nil }
    let reading = reader.read(pod)
    uid = uid ?? pod.metadata.uid ?? ""
    var fleetPod = FleetPod(
      id: id, uid: uid ?? "", purpose: isProof ? .verify : .pull, createdAt: now,
      images: reading.images.compactMap { image in
        images[image.container].map { index in
          FleetPod.Image(
            reference: plan.request.images[index].given, policy: isProof ? .never : .ifNotPresent,
            report: plan.report(index, image.report))
        }
      })
    fleetPod.isScheduled = reading.isScheduled
    fleetPod.unschedulable = reading.unschedulable
    fleetPod.phase = reading.phase
    fleetPod.isBeingDeleted = reading.isBeingDeleted
    isOver = isLost(fleetPod) || reading.phase == .succeeded
    return fleetPod
  }

  /// Whether the pod ended without its images being at fault.
  func isLost(_ pod: FleetPod) -> Bool {
    switch pod.phase {
    case .failed: true
    case .succeeded: false
    case .pending, .running: pod.isBeingDeleted
    }
  }

  /// The pod is not there any more; nil when that was known.
  mutating func vanished() -> Input? {
    guard !isOver else { return nil }
    isOver = true
    return .podGone(id, uid: uid)
  }

  // MARK: Events

  /// What an event about the pod says.
  mutating func read(_ event: PodEvent, in plan: RunPlan) -> Input? {
    guard !isOver else { return nil }
    let image = event.container.flatMap { images[$0] }.map { plan.request.images[$0].given }
    switch (event.content, image) {
    case (.pulling, let image?): return .moved(id, reference: image, isPulled: false)
    case (.pulled, let image?), (.present, let image?): return .moved(id, reference: image, isPulled: true)
    case (.failed, let image?):
      return reader.read(event).map { failures in
        .failing(id, reference: image, failures.failure, failures.nature, count: failures.count)
      }
    case (.warning(let text), _): return .warned(id, text)
    default: return nil
    }
  }

  /// What an event tells who watches the run, however late it comes.
  func report(of event: PodEvent) -> RunEvent? {
    guard !isProof, let image = event.container.flatMap({ images[$0] }) else { return nil }
    return switch event.content {
    case .pulling: isOver ? nil : .imagePulling(node: id.node, image: image)
    case .pulled(let duration, let bytes):
      .imagePulled(node: id.node, image: image, duration: duration, bytes: bytes)
    case .present: .imagePresent(node: id.node, image: image)
    case .failed, .warning: nil
    }
  }
}
