import Documents
import ImageModel
import KubeAPIServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A pod's life on its node, as the pod worker of a kubelet leads it: one sync after the other, the status written
/// between them.
struct PodSync: Sendable {
  /// What ends it from outside.
  enum Ending: Sendable {
    /// The pod has a `deletionTimestamp`.
    case deletion
    /// The pod is no longer there.
    case gone
    /// The kubelet stops.
    case silence
    case deadline
    case eviction(String)
  }

  struct BackOff: Sendable {
    var delay: Duration
    var until: ContinuousClock.Instant
    /// What the pull failed with, for the message.
    var failure: String
  }

  let plan: PodPlan
  let kubelet: VirtualKubelet
  let recorder: StoreEventRecorder
  var document: PodStatusDocument
  var pullBackOff: [String: BackOff] = [:]
  /// When to look again, after something was waited for.
  var wake: ContinuousClock.Instant?

  static let firstBackOff = Duration.seconds(10)
  static let longestBackOff = Duration.seconds(300)

  init(_ plan: PodPlan, kubelet: VirtualKubelet) {
    self.plan = plan
    self.kubelet = kubelet
    recorder = StoreEventRecorder(
      kubelet.store, component: "kubelet", host: kubelet.name, object: plan.reference, pace: kubelet.pace)
    let reason = plan.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"
    document = PodStatusDocument(
      initContainers: plan.initContainers.map { ContainerLife($0, waiting: reason) },
      containers: plan.containers.map { ContainerLife($0, waiting: reason) }, restartPolicy: plan.restartPolicy,
      hasSandbox: false, startTime: plan.status["startTime"]?.string ?? Self.now, hostIP: kubelet.hostIP, podIP: "")
    for (key, list) in [
      ("initContainerStatuses", \PodStatusDocument.initContainers), ("containerStatuses", \.containers),
    ] {
      let statuses = plan.status[key]?.array ?? []
      for index in document[keyPath: list].indices where statuses.indices.contains(index) {
        document[keyPath: list][index].restore(statuses[index])
      }
    }
  }

  static var now: String { Date().formatted(.iso8601) }

  var isOver: Bool { ["Succeeded", "Failed"].contains(document.phase) }

  /// Until the pod is over, or the task is cancelled.
  mutating func live() async throws {
    publish()
    try await awaitNetwork()
    try await mount()
    if kubelet.template.podStart > .zero { try await kubelet.pace.sleep(kubelet.template.podStart) }
    document.hasSandbox = true
    warnOfDNS()
    document.podIP =
      plan.isHostNetwork && !hasProgram
      ? kubelet.hostIP
      : hasProgram ? kubelet.programs.address(of: plan.uid) : kubelet.takePodIP(for: plan.uid)
    while true {
      wake = nil
      try await sync()
      publish()
      if isOver { return }
      try await pause()
    }
  }

  private func pause() async throws {
    guard let wake else { return try await Task.sleep(for: .seconds(1_000_000)) }
    try await Task.sleep(until: max(wake, .now + .milliseconds(10)))
  }

  /// Notes that there is something to do at a time; the earliest counts.
  mutating func wake(at time: ContinuousClock.Instant) { wake = min(wake ?? time, time) }

  /// Writes the status, unless the pod is another by now.
  func publish() {
    let now = Self.now
    _ = try? kubelet.store.modify(.pods, namespace: plan.namespace, name: plan.name, subresource: .status) { pod in
      guard pod[path: "metadata", "uid"]?.string == plan.uid else { throw StatusError.notFound(.pods, plan.name) }
      pod["status"] = document.document(over: pod["status"] ?? [:], at: now)
    }
  }

  // MARK: Before the first container

  /// Once for the pod's sandbox, and again with each pass over its containers.
  func warnOfDNS() {
    guard !kubelet.hasClusterDNS,
      plan.dnsPolicy == "ClusterFirst" && !plan.isHostNetwork || plan.dnsPolicy == "ClusterFirstWithHostNet"
    else { return }
    recorder.warning(
      "MissingClusterDNS",
      "pod: \"\(plan.name)_\(plan.namespace)(\(plan.uid))\". kubelet does not have ClusterDNS IP configured and cannot "
        + "create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" policy.")
  }

  private func awaitNetwork() async throws {
    while !kubelet.isReady {
      recorder.warning("NetworkNotReady", "network is not ready: \(NodeDocument.networkProblem)")
      try await kubelet.pace.sleep(.seconds(2))
    }
  }

  private func mount() async throws {
    for volume in plan.volumes {
      var delay = Duration.milliseconds(500)
      var waited = Duration.zero
      while let problem = problem(mounting: volume) {
        recorder.warning("FailedMount", "MountVolume.SetUp failed for volume \"\(volume.name)\" : \(problem)")
        try await kubelet.pace.sleep(delay)
        waited += delay
        delay = min(delay * 2, .seconds(122))
        guard waited >= .seconds(123) else { continue }
        waited = .zero
        recorder.warning(
          "FailedMount",
          "Unable to attach or mount volumes: unmounted volumes=[\(volume.name)], unattached volumes=[], failed to "
            + "process volumes=[]: context deadline exceeded")
      }
    }
  }

  private func problem(mounting volume: PodPlan.Volume) -> String? {
    let kind = volume.resource == .configMaps ? "configmap" : "secret"
    guard let object = kubelet.store.get(volume.resource, namespace: plan.namespace, name: volume.object) else {
      return "\(kind) \"\(volume.object)\" not found"
    }
    let missing = volume.keys.first { object[path: "data", $0] == nil && object[path: "binaryData", $0] == nil }
    return missing.map {
      kind == "secret"
        ? "references non-existent secret key: \($0)" : "configmap references non-existent config key: \($0)"
    }
  }

  // MARK: The end

  /// What a kubelet does when a pod is taken from it.
  mutating func end(_ ending: Ending) async {
    switch ending {
    case .gone, .silence: for container in document.containers { container.process?.stop() }
    case .deletion:
      await stopPrograms()
      stopContainers()
      try? await kubelet.pace.sleep(.milliseconds(300))
      // Nothing runs any more: who is scheduled here once the API says so finds room.
      kubelet.release(plan.uid)
      publish()
      _ = try? kubelet.store.delete(
        .pods, namespace: plan.namespace, name: plan.name, options: DeleteOptions(gracePeriod: 0, uid: plan.uid))
    case .deadline:
      await stopPrograms()
      fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
      recorder.normal("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
    case .eviction(let message):
      await stopPrograms()
      recorder.warning("Evicted", message)
      fail("Evicted", message)
    }
  }

  mutating func fail(_ reason: String, _ message: String) {
    stopContainers()
    document.failure = (reason, message)
    kubelet.release(plan.uid)
    publish()
  }

  /// When all others are over, native sidecars are stopped.
  mutating func stopSidecars() { stopContainers(in: [\.initContainers]) }

  private mutating func stopContainers(
    in lists: [WritableKeyPath<PodStatusDocument, [ContainerLife]>] = [\.initContainers, \.containers]
  ) {
    let now = Self.now
    for list in lists {
      for index in document[keyPath: list].indices {
        guard case .running(let since) = document[keyPath: list][index].state else { continue }
        let container = document[keyPath: list][index]
        recorder.normal(
          "Killing", "Stopping container \(container.plan.name)", container: container.plan.fieldPath)
        // Of all programs only touch is known to heed the signal.
        let code =
          container.process.map { $0.exitCode ?? 137 }
          ?? (ContainerProgram(container.plan.program).isTouch ? 0 : 137)
        document[keyPath: list][index].exit = nil
        document[keyPath: list][index].state = .terminated(
          .init(
            exitCode: code, reason: code == 0 ? "Completed" : "Error", started: since, finished: now,
            containerID: container.containerID))
      }
    }
  }
}
