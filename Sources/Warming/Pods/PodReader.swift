import ImageModel
package import Kubernetes

/// Reads one of our pods, of a run or of the operator, and the events about it.
///
/// The status is the truth. It tells only the last failure of each image; how many there were before is counted here.
package struct PodReader: Sendable {
  /// References by the names of the containers, where they are known apart from the pod.
  private let wanted: [String: String]?
  /// References by the names of the containers.
  package private(set) var references: [String: String]
  /// For which each container waited last; none once it did not wait.
  private var reasons: [String: String] = [:]
  private var failures: [String: PullFailures] = [:]

  /// - Parameter references: by the names of the containers, what they were made for, whatever admission made of the
  ///   pod: other containers are then none of ours. Without it, what the pod names counts.
  package init(references: [String: String]? = nil) {
    wanted = references
    self.references = references ?? [:]
  }

  // MARK: Status

  package mutating func read(_ pod: Pod) -> PodReading {
    if wanted == nil {
      references = Dictionary(pod.spec.containers.map { ($0.name, $0.image) }) { first, _ in first }
    }
    let statuses = Dictionary((pod.status?.containerStatuses ?? []).map { ($0.name, $0) }) { first, _ in first }
    let images = pod.spec.containers.compactMap { container -> PodReading.Image? in
      guard let reference = wanted == nil ? container.image : references[container.name] else { return nil }
      return PodReading.Image(
        container: container.name, reference: reference, policy: container.imagePullPolicy,
        report: report(on: container.name, reference, statuses[container.name]))
    }
    let refusal = pod.status?.conditions?.first { $0.type == "PodScheduled" && $0.status == "False" }
    return PodReading(
      images: images, isScheduled: pod.spec.nodeName != nil,
      unschedulable: refusal.map { $0.message ?? $0.reason ?? "no reason is given" }, phase: Self.phase(of: pod),
      isBeingDeleted: pod.metadata.deletionTimestamp != nil)
  }

  private static func phase(of pod: Pod) -> PodReading.Phase {
    switch pod.status?.phase {
    case "Succeeded": return .succeeded
    case "Running": return .running
    case "Failed":
      let reason = [pod.status?.reason, pod.status?.message].compactMap(\.self).joined(separator: ": ")
      return .failed(reason: reason.isEmpty ? "the pod failed" : reason)
    default: return .pending
    }
  }

  private mutating func report(
    on container: String, _ reference: String, _ status: ContainerStatus?
  ) -> PodReading.Report {
    guard let status else { return failing(container) }
    // It is set as soon as the image is there, whatever becomes of the container.
    if let identity = ImageIdentity(imageID: status.imageID) { return .present(identity) }
    let waiting = status.state?.waiting
    let last = reasons[container]
    reasons[container] = waiting?.reason
    guard let reason = waiting?.reason else { return failing(container) }
    if KubeletMessage.presentReasons.contains(reason) { return .present(nil) }
    let isNew = KubeletMessage.failedReasons.contains(reason) && reason != last
    // We may have missed the failure that came before the wait.
    let wasMissed = reason == KubeletMessage.backOffReason && failures[container] == nil
    if isNew || wasMissed { failed(container, reference, reason, waiting?.message ?? "", inStatus: 1) }
    return failing(container)
  }

  private func failing(_ container: String) -> PodReading.Report {
    failures[container].map(PodReading.Report.failing) ?? .waiting
  }

  // MARK: Events

  /// Takes in what an event tells of a failed pull, and says how often that image failed now; nil when it tells of none.
  package mutating func read(_ event: PodEvent) -> PullFailures? {
    guard case .failed(let reason, let text) = event.content, let container = event.container,
      let reference = references[container]
    else { return nil }
    failed(container, reference, reason, text, inEvents: 1)
    return failures[container]
  }

  private mutating func failed(
    _ container: String, _ reference: String, _ reason: String, _ text: String, inStatus: Int = 0, inEvents: Int = 0
  ) {
    let parsed = try? Reference(parsing: reference)
    let image = WantedImage(
      given: reference,
      reference: parsed ?? Reference(registry: "", repository: reference, tag: nil, digest: nil))
    let message = KubeletMessage(reason: reason, message: text, about: image)
    let before = failures[container]
    failures[container] = PullFailures(
      failure: message.failure, nature: message.nature, inStatus: (before?.inStatus ?? 0) + inStatus,
      inEvents: (before?.inEvents ?? 0) + inEvents)
  }
}
