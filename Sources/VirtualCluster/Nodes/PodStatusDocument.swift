import Documents

/// A pod's status as its kubelet writes it: phase, conditions, one entry per container.
///
/// Source: `pkg/kubelet/kubelet_pods.go` (getPhase) and `pkg/kubelet/status/generate.go`.
struct PodStatusDocument {
  var initContainers: [ContainerLife]
  var containers: [ContainerLife]
  var restartPolicy: String
  var hasSandbox: Bool
  var startTime: String
  var hostIP: String
  var podIP: String
  /// Set: the pod failed as a whole.
  var failure: (reason: String, message: String)?

  private var isInitialized: Bool { initContainers.allSatisfy(\.isDone) }

  var phase: String {
    if failure != nil { return "Failed" }
    guard isInitialized else {
      let isLost = initContainers.contains { !$0.plan.isSidecar && $0.termination.map { $0.exitCode != 0 } ?? false }
      return isLost && restartPolicy == "Never" ? "Failed" : "Pending"
    }
    var (waiting, running, stopped, succeeded) = (0, 0, 0, 0)
    for container in containers {
      switch container.state {
      case .running: running += 1
      case .terminated(let end):
        stopped += 1
        if end.exitCode == 0 { succeeded += 1 }
      case .waiting: if container.last != nil { stopped += 1 } else { waiting += 1 }
      }
    }
    if waiting > 0 { return "Pending" }
    if running > 0 { return "Running" }
    if restartPolicy == "Always" { return "Running" }
    if stopped == succeeded { return "Succeeded" }
    return restartPolicy == "Never" ? "Failed" : "Running"
  }

  /// The status, with what others wrote into `old` (conditions of theirs, the class of service) kept.
  func document(over old: JSON, at now: String) -> JSON {
    var status = old
    let phase = phase
    status["phase"] = .string(phase)
    status["startTime"] = .string(startTime)
    status["hostIP"] = .string(hostIP)
    status["hostIPs"] = [["ip": .string(hostIP)]]
    if hasSandbox {
      status["podIP"] = .string(podIP)
      status["podIPs"] = [["ip": .string(podIP)]]
    }
    if let failure {
      status["reason"] = .string(failure.reason)
      status["message"] = .string(failure.message)
    }
    if !initContainers.isEmpty {
      status["initContainerStatuses"] = .array(
        initContainers.map { $0.status(isReady: $0.plan.isSidecar ? $0.isReady : $0.isComplete) })
    }
    status["containerStatuses"] = .array(containers.map { $0.status(isReady: $0.isReady) })
    var conditions = old["conditions"]?.array ?? []
    for (type, reason, message) in facts(phase) {
      let value = JSON.string(reason == nil || reason == "PodCompleted" && type == "Initialized" ? "True" : "False")
      var condition: JSON = ["type": .string(type), "status": value, "lastProbeTime": .null]
      if let reason { condition["reason"] = .string(reason) }
      if let message { condition["message"] = .string(message) }
      if type == "PodReadyToStartContainers" { condition["reason"] = nil }
      let index = conditions.firstIndex { $0["type"] == .string(type) }
      let isSame = index.map { conditions[$0]["status"] == value } ?? false
      condition["lastTransitionTime"] =
        isSame ? index.flatMap { conditions[$0]["lastTransitionTime"] } ?? .string(now) : .string(now)
      if let index { conditions[index] = condition } else { conditions.append(condition) }
    }
    status["conditions"] = .array(conditions)
    return status
  }

  /// Conditions: true without a reason, false with one.
  private func facts(_ phase: String) -> [(type: String, reason: String?, message: String?)] {
    let isOver = phase == "Succeeded" || phase == "Failed"
    let runs = hasSandbox && !isOver
    func list(_ names: [String]) -> String { "[\(names.joined(separator: " "))]" }
    let incomplete = initContainers.filter { !$0.isDone }.map(\.plan.name)
    let beside = initContainers.filter(\.plan.isSidecar)
    let unready = (beside + containers).filter { !$0.isReady }.map(\.plan.name)
    let readiness: (String?, String?) =
      switch phase {
      case "Succeeded": ("PodCompleted", nil)
      case "Failed": ("PodFailed", nil)
      default: unready.isEmpty ? (nil, nil) : ("ContainersNotReady", "containers with unready status: \(list(unready))")
      }
    return [
      ("PodReadyToStartContainers", runs ? nil : "none", nil),
      phase == "Succeeded"
        ? ("Initialized", "PodCompleted", nil)
        : isInitialized
          ? ("Initialized", nil, nil)
          : ("Initialized", "ContainersNotInitialized", "containers with incomplete status: \(list(incomplete))"),
      ("Ready", readiness.0, readiness.1),
      ("ContainersReady", readiness.0, readiness.1),
    ]
  }
}
