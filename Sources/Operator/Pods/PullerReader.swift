import Warming
import ImageModel
import Kubernetes

/// Reads one of the operator's pods for what the fleet has to know of it.
///
/// A status tells only the last failure of each image; how many there were before is counted here.
struct PullerReader: Sendable {
  private struct Trouble: Sendable {
    let failure: WarmFailure
    let nature: FailureNature
    var count: Int
  }

  let id: FleetPod.ID
  /// References by the names of the containers.
  private(set) var references: [String: String] = [:]
  private var reasons: [String: String] = [:]
  private var troubles: [String: Trouble] = [:]

  init(id: FleetPod.ID) { self.id = id }

  /// What a state of the pod says.
  ///
  /// - Parameter resolution: of a reference, where it is known.
  mutating func read(_ pod: Pod, resolution: (String) -> ImageResolution?) -> FleetPod {
    references = Dictionary(pod.spec.containers.map { ($0.name, $0.image) }) { first, _ in first }
    let statuses = Dictionary((pod.status?.containerStatuses ?? []).map { ($0.name, $0) }) { first, _ in first }
    let identities = pod.spec.containers.compactMap { container in
      statuses[container.name]?.imageID.map { (reference: container.image, imageID: $0) }
    }
    let images = pod.spec.containers.map { container in
      var report = report(on: container, statuses[container.name], resolution(container.image))
      if report == .unclear, let imageID = statuses[container.name]?.imageID {
        // Two containers that state the same hold the same.
        let proof = identities.lazy.filter { $0.imageID == imageID }
          .compactMap { PinnedReference.digest(in: $0.reference, of: container.image) }.first
        if let proof { report = .held(proof) }
      }
      return FleetPod.Image(
        reference: container.image,
        policy: container.imagePullPolicy.flatMap { FleetPod.Policy(rawValue: $0.rawValue) } ?? .ifNotPresent,
        report: report)
    }
    let annotations = pod.metadata.annotations
    var read = FleetPod(
      id: id, uid: pod.metadata.uid ?? "",
      purpose: annotations?[PullerKey.purpose].flatMap(FleetPod.Purpose.init) ?? .pull,
      createdAt: Duration(timestamp: pod.metadata.creationTimestamp) ?? .zero, images: images)
    read.isScheduled = pod.spec.nodeName != nil
    if let condition = pod.status?.conditions?.first(where: { $0.type == "PodScheduled" && $0.status == "False" }) {
      read.unschedulable = condition.message ?? condition.reason ?? "no reason is given"
    }
    read.phase = phase(of: pod)
    read.isBeingDeleted = pod.metadata.deletionTimestamp != nil
    return read
  }

  private func phase(of pod: Pod) -> FleetPod.Phase {
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
    on container: Container, _ status: ContainerStatus?, _ resolution: ImageResolution?
  ) -> FleetPod.Report {
    guard let status else { return .waiting }
    if let identity = ImageIdentity(imageID: status.imageID) {
      return identity.report(on: container.image, resolution)
    }
    let last = reasons[container.name]
    reasons[container.name] = status.state?.waiting?.reason
    guard let waiting = status.state?.waiting, let reason = waiting.reason else { return standing(container) }
    if KubeletMessage.presentReasons.contains(reason) { return .held(nil) }
    let isNew = KubeletMessage.failedReasons.contains(reason) && reason != last
    // We may have missed the failure that came before the wait.
    let wasMissed = reason == KubeletMessage.backOffReason && troubles[container.name] == nil
    if isNew || wasMissed {
      let parsed = try? Reference(parsing: container.image)
      let image = WantedImage(
        given: container.image,
        reference: parsed ?? Reference(registry: "", repository: container.image, tag: nil, digest: nil))
      let message = KubeletMessage(reason: reason, message: waiting.message ?? "", about: image)
      let count = (troubles[container.name]?.count ?? 0) + 1
      troubles[container.name] = Trouble(failure: message.failure, nature: message.nature, count: count)
    }
    return standing(container)
  }

  private func standing(_ container: Container) -> FleetPod.Report {
    troubles[container.name].map { .failing($0.failure, $0.nature, count: $0.count) } ?? .waiting
  }
}

extension ImageIdentity {
  /// What this says of the digest that a node holds under a reference.
  ///
  /// Where the same content lies under several names, a runtime may state the digest of another of them; that one says
  /// nothing about ours.
  fileprivate func report(on image: String, _ resolution: ImageResolution?) -> FleetPod.Report {
    guard let digest else { return .held(nil) }
    // What is there under a digest is that.
    if image.contains("@"), let pinned = try? Reference(parsing: image).digest { return .held(pinned) }
    if resolution?.knownDigests.contains(digest) ?? false { return .held(digest) }
    if let repository, let name = try? Reference(parsing: repository).name,
      let own = try? Reference(parsing: image).name, own == name
    {
      return .held(digest)
    }
    return resolution == nil ? .held(nil) : .unclear
  }
}
