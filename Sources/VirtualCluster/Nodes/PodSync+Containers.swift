import Documents
import ImageModel
import KubeAPIServer
import Registry

extension PodSync {
  /// One pass over the containers: what is due is started, in order.
  mutating func sync() async throws {
    collectExits()
    if isOver { return stopSidecars() }
    warnOfDNS()
    for index in document.initContainers.indices where !document.initContainers[index].isComplete {
      let wasDone = document.initContainers[index].isDone
      try await advance(\.initContainers, index)
      // One that has begun beside the others holds nobody up any longer.
      guard document.initContainers[index].isDone else { return }
      // Each init container is a sync of its own.
      if !wasDone { publish() }
    }
    for index in document.containers.indices { try await advance(\.containers, index) }
    if isOver { stopSidecars() }
  }

  /// Containers whose program has ended by itself.
  private mutating func collectExits() {
    for list in [\PodStatusDocument.initContainers, \.containers] {
      for index in document[keyPath: list].indices {
        if let process = document[keyPath: list][index].process {
          guard let code = process.exitCode else {
            wake(at: .now + Self.programTick)
            continue
          }
          ended(list, index, code: code)
          document[keyPath: list][index].process = nil
          continue
        }
        guard let exit = document[keyPath: list][index].exit else { continue }
        if exit.at > .now { wake(at: exit.at) } else { ended(list, index, code: exit.code) }
      }
    }
  }

  private mutating func ended(
    _ list: WritableKeyPath<PodStatusDocument, [ContainerLife]>, _ index: Int, code: Int
  ) {
    var life = document[keyPath: list][index]
    guard case .running(let since) = life.state else { return }
    life.exit = nil
    life.state = .terminated(
      .init(
        exitCode: code, reason: code == 0 ? "Completed" : "Error", started: since, finished: Self.now,
        containerID: life.containerID))
    document[keyPath: list][index] = life
    wake(at: .now)
  }

  private func isToStart(_ life: ContainerLife, isInit: Bool) -> Bool {
    switch life.state {
    case .running: return false
    case .waiting: return true
    case .terminated(let end):
      if life.plan.isSidecar { return true }
      switch plan.restartPolicy {
      case "Always": return !isInit || end.exitCode != 0
      case "OnFailure": return end.exitCode != 0
      default: return false
      }
    }
  }

  /// Starts one container if it is to be started and can be.
  private mutating func advance(
    _ list: WritableKeyPath<PodStatusDocument, [ContainerLife]>, _ index: Int
  ) async throws {
    guard isToStart(document[keyPath: list][index], isInit: list == \.initContainers) else { return }
    guard !isCrashing(list, index) else { return }
    let container = document[keyPath: list][index].plan
    switch try await ensureImage(container) {
    case .failure(let wait):
      document[keyPath: list][index].state = .waiting(reason: wait.reason, message: wait.message)
    case .success(let image):
      guard let problem = problem(configuring: container) else { return start(list, index, image) }
      recorder.warning("Failed", "Error: \(problem)", container: container.fieldPath)
      document[keyPath: list][index].state = .waiting(reason: "CreateContainerConfigError", message: problem)
      wake(at: .now + kubelet.pace.scaled(.seconds(10)))
    }
  }

  /// What a container's environment is to be taken from and is not there.
  private func problem(configuring container: PodPlan.Container) -> String? {
    for source in container.sources {
      let kind = source.resource == .configMaps ? "ConfigMap" : "Secret"
      guard let object = kubelet.store.get(source.resource, namespace: plan.namespace, name: source.object) else {
        return "\(kind.lowercased()) \"\(source.object)\" not found"
      }
      if let key = source.key, object[path: "data", key] == nil, object[path: "binaryData", key] == nil {
        return "couldn't find key \(key) in \(kind) \(plan.namespace)/\(source.object)"
      }
    }
    return nil
  }

  /// Whether a container that ended badly has to wait before it is started again.
  private mutating func isCrashing(
    _ list: WritableKeyPath<PodStatusDocument, [ContainerLife]>, _ index: Int
  ) -> Bool {
    var life = document[keyPath: list][index]
    defer { document[keyPath: list][index] = life }
    if let end = life.termination {
      life.last = end
      let delay = life.crashBackOff.map { min($0.delay * 2, Self.longestBackOff) } ?? .zero
      life.crashBackOff = (.now + kubelet.pace.scaled(delay), max(delay, Self.firstBackOff / 2))
      life.state = .waiting(reason: "PodInitializing", message: nil)
    }
    guard let backOff = life.crashBackOff, backOff.until > .now else { return false }
    wake(at: backOff.until)
    let pod = "pod=\(plan.name)_\(plan.namespace)(\(plan.uid))"
    let seconds = GoDuration(backOff.delay)
    life.state = .waiting(
      reason: "CrashLoopBackOff",
      message: "back-off \(seconds) restarting failed container=\(life.plan.name) \(pod)")
    recorder.warning(
      "BackOff",
      "Back-off restarting failed container \(life.plan.name) in pod \(plan.name)_\(plan.namespace)(\(plan.uid))",
      container: life.plan.fieldPath)
    return true
  }

  private mutating func start(
    _ list: WritableKeyPath<PodStatusDocument, [ContainerLife]>, _ index: Int, _ image: HeldImage
  ) {
    var life = document[keyPath: list][index]
    defer { document[keyPath: list][index] = life }
    if life.last != nil { life.restarts += 1 }
    let number = (0..<4).map { _ in String(UInt64.random(in: 0x1000_0000_0000_0000 ... .max), radix: 16) }
    life.containerID = "containerd://" + number.joined()
    life.imageID = image.imageID
    life.image = image.statusName
    kubelet.uses(image, by: plan.uid)
    let path = life.plan.fieldPath
    recorder.normal("Created", "Container created", container: path)
    let program = ContainerProgram(life.plan.program)
    let now = Self.now
    let system = kubelet.template.platform.os
    if program.isTouch && kubelet.template.isNoexec || !program.canStart(on: system) {
      let path = life.plan.program.first ?? ""
      let problem =
        system == "windows"
        ? "failed to create containerd task: failed to create shim task: hcs::System::CreateProcess \(path): "
          + "The system cannot find the file specified.: unknown"
        : "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
          + "unable to start container process: exec: \"\(path)\": permission denied: unknown"
      recorder.warning("Failed", "Error: \(problem)", container: life.plan.fieldPath)
      let end = ContainerLife.Termination(
        exitCode: 128, reason: "StartError", message: problem, started: nil, finished: now,
        containerID: life.containerID)
      if plan.restartPolicy == "Never", !life.plan.isSidecar {
        life.state = .terminated(end)
      } else {
        life.last = end
        life.state = .waiting(reason: "RunContainerError", message: problem)
        let delay = life.crashBackOff.map { min($0.delay * 2, Self.longestBackOff) } ?? Self.firstBackOff
        life.crashBackOff = (.now + kubelet.pace.scaled(delay), delay)
        wake(at: .now + kubelet.pace.scaled(.seconds(1)))
      }
      return
    }
    recorder.normal("Started", "Container started", container: path)
    life.state = .running(since: now)
    if let process = startProgram(life.plan) {
      life.process = process
      return wake(at: .now + Self.programTick)
    }
    guard case .exits(let code, let delay) = program.course else { return }
    if delay == .zero {
      life.state = .terminated(
        .init(
          exitCode: code, reason: code == 0 ? "Completed" : "Error", started: now, finished: now,
          containerID: life.containerID))
      // Another sync sees to what is to be started again.
      if code != 0 { wake(at: .now + kubelet.pace.scaled(.seconds(1))) }
      if code == 0, life.plan.isSidecar || plan.restartPolicy == "Always" && list != \.initContainers {
        wake(at: .now + kubelet.pace.scaled(.seconds(1)))
      }
    } else {
      life.exit = (.now + kubelet.pace.scaled(delay), code)
      wake(at: .now + kubelet.pace.scaled(delay))
    }
  }
}
