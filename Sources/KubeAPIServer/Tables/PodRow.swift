import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `kubectl get pods` says of a pod: `printPod` of `pkg/printers/internalversion`.
struct PodRow {
  private(set) var ready = 0
  private(set) var total = 0
  private(set) var restarts = 0
  private(set) var status = ""
  private var lastRestart: Date?

  init(_ pod: JSON) {
    let spec = pod["spec"] ?? .null
    let podStatus = pod["status"] ?? .null
    total = spec["containers"]?.array?.count ?? 0
    status = podStatus["phase"]?.string ?? ""
    if let reason = podStatus["reason"]?.string, !reason.isEmpty { status = reason }
    let conditions = podStatus["conditions"]?.array ?? []
    if conditions.contains(where: { $0["type"] == "PodScheduled" && $0["reason"] == "SchedulingGated" }) {
      status = "SchedulingGated"
    }
    let isInitializing = initialize(podStatus["initContainerStatuses"]?.array ?? [], spec)
    let isInitialized = conditions.contains { $0["type"] == "Initialized" && $0["status"] == "True" }
    if !isInitializing || isInitialized { run(podStatus["containerStatuses"]?.array ?? [], conditions) }
    if pod[path: "metadata", "deletionTimestamp"] != nil {
      if podStatus["reason"] == "NodeLost" {
        status = "Unknown"
      } else if !["Succeeded", "Failed"].contains(podStatus["phase"]?.string ?? "") {
        status = "Terminating"
      }
    }
  }

  /// Whether init containers are still to finish.
  private mutating func initialize(_ statuses: [JSON], _ spec: JSON) -> Bool {
    let count = spec["initContainers"]?.array?.count ?? 0
    for (index, container) in statuses.enumerated() {
      note(container)
      let state = container["state"] ?? .null
      if let terminated = state["terminated"] {
        if terminated["exitCode"]?.integer == 0 { continue }
        status = "Init:" + Self.reason(terminated)
      } else if let reason = state[path: "waiting", "reason"]?.string, !reason.isEmpty, reason != "PodInitializing" {
        status = "Init:\(reason)"
      } else {
        status = "Init:\(index)/\(count)"
      }
      return true
    }
    return false
  }

  private mutating func run(_ statuses: [JSON], _ conditions: [JSON]) {
    restarts = 0
    lastRestart = nil
    var isRunning = false
    for container in statuses.reversed() {
      note(container)
      let state = container["state"] ?? .null
      if let reason = state[path: "waiting", "reason"]?.string, !reason.isEmpty {
        status = reason
      } else if let terminated = state["terminated"] {
        status = Self.reason(terminated)
      } else if container["ready"] == true, state["running"] != nil {
        isRunning = true
        ready += 1
      }
    }
    if status == "Completed", isRunning {
      let isReady = conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
      status = isReady ? "Running" : "NotReady"
    }
  }

  private mutating func note(_ container: JSON) {
    restarts += Int(container["restartCount"]?.integer ?? 0)
    if let text = container[path: "lastState", "terminated", "finishedAt"]?.string, let date = HumanTime.date(text) {
      lastRestart = max(lastRestart ?? date, date)
    }
  }

  private static func reason(_ terminated: JSON) -> String {
    if let reason = terminated["reason"]?.string, !reason.isEmpty { return reason }
    if let signal = terminated["signal"]?.integer, signal != 0 { return "Signal:\(signal)" }
    return "ExitCode:\(terminated["exitCode"]?.integer ?? 0)"
  }

  func restartText(_ now: Date) -> String {
    guard restarts > 0, let lastRestart else { return String(restarts) }
    return "\(restarts) (\(HumanTime.duration(Int(now.timeIntervalSince(lastRestart)))) ago)"
  }
}
