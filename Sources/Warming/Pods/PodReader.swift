import Kubernetes

/// Reads one of a run's pods, and the events about it, for what the rollout has to know.
///
/// The status is the truth. It says nothing of single images while the kubelet still pulls one of them, so the events
/// tell the progress until then.
struct PodReader: Sendable {
  typealias Input = RolloutMachine.Input

  let id: RolloutMachine.PodID
  /// Indices of the images by the names of the pod's containers.
  let images: [String: Int]
  /// Whether the pod only proves what is there.
  let isProof: Bool
  /// The last reason for which each container waited.
  private var reasons: [String: String] = [:]
  /// Images of which a failure was told already.
  private var told: Set<Int> = []
  private var isScheduled = false
  private var isOver = false

  init(id: RolloutMachine.PodID, images: [String: Int], isProof: Bool = false) {
    self.id = id
    self.images = images
    self.isProof = isProof
  }

  // MARK: Status

  /// What a new state of the pod says.
  mutating func read(_ pod: Pod, in plan: RunPlan) -> [Input] {
    guard !isOver else { return [] }
    var inputs: [Input] = []
    if !isScheduled {
      if pod.spec.nodeName != nil {
        isScheduled = true
        inputs.append(.podScheduled(id))
      } else if let condition = pod.status?.conditions?.first(where: { $0.type == "PodScheduled" }),
        condition.status == "False"
      {
        inputs.append(.podUnschedulable(id, reason: condition.message ?? condition.reason ?? "no reason is given"))
      }
    }
    for status in pod.status?.containerStatuses ?? [] {
      guard let image = images[status.name], let signal = signal(of: status, image, plan) else { continue }
      inputs.append(.image(id, image: image, signal))
    }
    switch pod.status?.phase {
    case "Succeeded":
      isOver = true
      inputs.append(.podSucceeded(id))
    case "Failed":
      isOver = true
      let reason = [pod.status?.reason, pod.status?.message].compactMap(\.self).joined(separator: ": ")
      inputs.append(.podLost(id, reason: reason.isEmpty ? "the pod failed" : reason))
    default:
      guard pod.metadata.deletionTimestamp != nil else { break }
      isOver = true
      inputs.append(.podLost(id, reason: Self.deletedReason))
    }
    return inputs
  }

  /// The pod is not there any more.
  mutating func vanished() -> [Input] {
    guard !isOver else { return [] }
    isOver = true
    return [.podLost(id, reason: Self.deletedReason)]
  }

  private static let deletedReason = "its pod was deleted by somebody else"

  private mutating func signal(
    of status: ContainerStatus, _ image: Int, _ plan: RunPlan
  ) -> RolloutMachine.ImageSignal? {
    if let identity = ImageIdentity(imageID: status.imageID) { return plan.held(image, identity) }
    guard let waiting = status.state?.waiting, let reason = waiting.reason else { return nil }
    let last = reasons.updateValue(reason, forKey: status.name)
    if KubeletMessage.presentReasons.contains(reason) { return .held(nil, isStale: false) }
    let isNew = KubeletMessage.failedReasons.contains(reason) && reason != last
    // We may have missed the failure that came before the wait.
    guard isNew || (reason == KubeletMessage.backOffReason && !told.contains(image)) else { return nil }
    told.insert(image)
    let message = KubeletMessage(reason: reason, message: waiting.message ?? "", about: plan.request.images[image])
    return .failing(message.failure, message.nature, by: .status)
  }

  // MARK: Events

  /// What an event about the pod says for the rollout.
  mutating func read(_ event: PodEvent, in plan: RunPlan) -> [Input] {
    guard !isOver else { return [] }
    switch (event.content, event.container.flatMap { images[$0] }) {
    case (.pulling, let image?): return [.image(id, image: image, .pulling)]
    case (.pulled, let image?), (.present, let image?): return [.image(id, image: image, .pulled)]
    case (.failed(let reason, let text), let image?):
      told.insert(image)
      let message = KubeletMessage(reason: reason, message: text, about: plan.request.images[image])
      return [.image(id, image: image, .failing(message.failure, message.nature, by: .event))]
    case (.warning(let text), _): return [.note(id, text)]
    default: return []
    }
  }

  /// What an event tells who watches the run, however late it comes.
  func news(in event: PodEvent) -> RunEvent? {
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
