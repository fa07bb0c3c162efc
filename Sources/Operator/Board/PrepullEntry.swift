import Warming
import PrepullAPI
import ImageModel
import Kubernetes

/// What the board knows of one Prepull.
struct PrepullEntry: Sendable {
  let id: PrepullID
  /// As it was last seen.
  var prepull: Prepull
  var settings: PrepullSettings?
  var problem: SpecError?
  var objects: PullerObjects?

  var discovered: DiscoveredImages?
  /// What its sources gave.
  var sources: [SourceKey: SourceAnswer] = [:]
  /// What is wanted, in order of priority, and why.
  var images: [(reference: String, wantedBy: [String])] = []
  /// Until when registries and discovery are waited for.
  var waitsUntil: Duration?
  /// The last input to the machine.
  var plan: FleetPlan?
  /// Times in which nodes are begun; nil for at any time.
  var windows: PullWindows?
  /// When the windows open or close next, and since when people are told until when they are closed.
  var windowChange: Duration?
  var closedUntil: String?

  /// When the ConfigMap was last seen to be there.
  var ensuredAt: Duration?
  /// Pods that wait for the ConfigMap.
  var held: [FleetPod.ID] = []

  var statusWrittenAt: Duration?
  var written: Prepull.Status?
  /// When its deletion was seen first.
  var leavesSince: Duration?
  var isCleared = false

  init(_ prepull: Prepull) {
    self.prepull = prepull
    id = PrepullID(
      namespace: prepull.metadata.namespace ?? "", name: prepull.metadata.name ?? "", uid: prepull.metadata.uid ?? "")
  }

  var isLeaving: Bool { prepull.metadata.deletionTimestamp != nil }

  var isGuarded: Bool { prepull.metadata.finalizers?.contains(PullerKey.cleanup) ?? false }

  var generation: Int64 { Int64(prepull.metadata.generation ?? 0) }

  /// Whether a Prepull of mode Once is done as it is now.
  var isFinished: Bool {
    guard settings?.mode == .once, let condition = prepull.status?.conditions?["Complete"] else { return false }
    return condition.isTrue && condition.observedGeneration == generation
  }

  /// How a registry is asked about one of its images; nil for what is no reference.
  func key(of reference: String) -> ResolutionKey? {
    (try? Reference(parsing: reference)).map { _ in answerKey(of: reference) }
  }

  /// Under what the answer about one of its images is kept, if there is one. Cheap: reading a pod asks for each image.
  func answerKey(of reference: String) -> ResolutionKey {
    ResolutionKey(reference: reference, namespace: id.namespace, secrets: settings?.imagePullSecrets ?? [])
  }

  var object: Event.ObjectReference {
    Event.ObjectReference(
      apiVersion: Prepull.apiVersion, kind: Prepull.kind, namespace: id.namespace, name: id.name, uid: id.uid)
  }

  /// What an earlier life of the operator found out, and the API server remembers.
  func remembered(_ reference: String) -> ResolutionRequest.Known? {
    guard let image = prepull.status?.images?.first(where: { $0.image == reference }),
      let digest = image.digest.flatMap({ try? Digest(parsing: $0) }), let at = Duration(timestamp: image.resolvedAt)
    else { return nil }
    return ResolutionRequest.Known(digest: digest, resolvedAt: at)
  }

  /// The images of the spec, then those that were discovered, then those of sources; nil until discovery has an answer.
  /// Sources are not waited for: what they gave last is known by the status.
  ///
  /// - Parameter isLate: goes on with what was found in an earlier life.
  func wantedImages(isLate: Bool) -> [(reference: String, wantedBy: [String])]? {
    guard let settings else { return [] }
    var all = settings.images.map { (reference: $0, wantedBy: ["spec"]) }
    guard settings.workloads != nil || !settings.sources.isEmpty else { return all }
    guard settings.workloads == nil || discovered != nil || isLate else { return nil }
    var found = discovered?.images.map { (reference: $0.reference, wantedBy: $0.wantedBy) } ?? []
    let sourced = sourcedImages
    found += sourced.images
    let isKnown = (workloads: settings.workloads == nil || discovered?.isComplete == true, sources: sourced.isComplete)
    if !isKnown.workloads || !isKnown.sources {
      let known = Set(found.map(\.reference))
      for image in prepull.status?.images ?? [] where !known.contains(image.image) {
        let reasons = (image.wantedBy ?? []).filter { reason in
          reason != "spec"
            && !(SourceKey.isReason(reason)
              ? isKnown.sources || sourced.answered.contains(reason) : isKnown.workloads)
        }
        if !reasons.isEmpty { found.append((image.image, reasons)) }
      }
    }
    for image in found {
      if let index = all.firstIndex(where: { $0.reference == image.reference }) {
        all[index].wantedBy += image.wantedBy
      } else {
        all.append(image)
      }
    }
    return all
  }
}
