import Kubernetes

/// One of a run's pods: makes of what is read of it what the rollout has to know, each thing once.
///
/// The status says nothing of single images while the kubelet still pulls one of them, so the events tell the progress
/// until then.
struct RunPod: Sendable {
  typealias Input = RolloutMachine.Input

  let id: RolloutMachine.PodID
  var name: String
  /// Indices of the images by the names of the containers.
  let images: [String: Int]
  /// Whether the pod only proves what is there.
  let isProof: Bool
  /// Whether the cluster said that it is there.
  var isCreated = false
  private var reader: PodReader
  /// How many failures of each image the status reported so far.
  private var failures: [Int: Int] = [:]
  private var isScheduled = false
  private var isOver = false

  /// - Parameters:
  ///   - images: of the whole run, by the names of the containers.
  ///   - references: the same as users wrote them.
  init(
    id: RolloutMachine.PodID, name: String, images: [String: Int], references: [String: String], isProof: Bool = false
  ) {
    self.id = id
    self.name = name
    self.images = images
    self.isProof = isProof
    reader = PodReader(references: references)
  }

  // MARK: Status

  /// What a new state of the pod says.
  mutating func read(_ pod: Pod, in plan: RunPlan) -> [Input] {
    guard !isOver else { return [] }
    let reading = reader.read(pod)
    var inputs: [Input] = []
    if !isScheduled {
      isScheduled = reading.isScheduled
      if isScheduled {
        inputs.append(.podScheduled(id))
      } else if let reason = reading.unschedulable {
        inputs.append(.podUnschedulable(id, reason: reason))
      }
    }
    for image in reading.images {
      guard let index = images[image.container], let signal = signal(of: image.report, on: index, plan) else {
        continue
      }
      inputs.append(.image(id, image: index, signal))
    }
    switch reading.phase {
    case .succeeded:
      isOver = true
      inputs.append(.podSucceeded(id))
    case .failed(let reason):
      isOver = true
      inputs.append(.podLost(id, reason: reason))
    case .pending, .running: if reading.isBeingDeleted { inputs += vanished() }
    }
    return inputs
  }

  /// The pod is not there any more.
  mutating func vanished() -> [Input] {
    guard !isOver else { return [] }
    isOver = true
    return [.podLost(id, reason: "its pod was deleted by somebody else")]
  }

  private mutating func signal(
    of report: PodReading.Report, on image: Int, _ plan: RunPlan
  ) -> RolloutMachine.ImageSignal? {
    switch report {
    case .waiting: return nil
    case .present(let identity): return plan.held(image, identity)
    case .failing(let failing):
      guard failing.inStatus > failures[image] ?? 0 else { return nil }
      failures[image] = failing.inStatus
      return .failing(failing.failure, failing.nature, by: .status)
    }
  }

  // MARK: Events

  /// What an event about the pod says for the rollout.
  mutating func read(_ event: PodEvent) -> [Input] {
    guard !isOver else { return [] }
    switch (event.content, event.container.flatMap { images[$0] }) {
    case (.pulling, let image?): return [.image(id, image: image, .pulling)]
    case (.pulled, let image?), (.present, let image?): return [.image(id, image: image, .pulled)]
    case (.failed, let image?):
      return reader.read(event).map { [.image(id, image: image, .failing($0.failure, $0.nature, by: .event))] } ?? []
    case (.warning(let text), _): return [.note(id, text)]
    default: return []
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
