import Documents

/// One container as its kubelet sees it.
struct ContainerLife: Sendable {
  struct Termination: Sendable {
    var exitCode: Int
    var reason: String
    var message: String?
    /// nil: it never ran.
    var started: String?
    var finished: String
    var containerID: String
  }

  enum State: Sendable {
    case waiting(reason: String, message: String?)
    case running(since: String)
    case terminated(Termination)
  }

  let plan: PodPlan.Container
  var state: State
  var last: Termination?
  var restarts = 0
  /// Empty until the image is on the node and the container was created from it.
  var imageID = ""
  var image: String
  var containerID = ""
  /// When it ends by itself.
  var exit: (at: ContinuousClock.Instant, code: Int)?
  /// What really runs for it in this process.
  var process: ProgramProcess?
  /// Until when a crashed container is not started again, and how long the wait was.
  var crashBackOff: (until: ContinuousClock.Instant, delay: Duration)?

  init(_ plan: PodPlan.Container, waiting reason: String) {
    self.plan = plan
    image = plan.image
    state = .waiting(reason: reason, message: nil)
  }

  var isRunning: Bool { if case .running = state { true } else { false } }
  var isReady: Bool { isRunning && process?.isReady ?? true }
  var termination: Termination? { if case .terminated(let termination) = state { termination } else { nil } }
  /// Ended well, and is not to be started again.
  var isComplete: Bool { !plan.isSidecar && termination?.exitCode == 0 }
  /// What comes after it may begin: it is complete, or has begun and runs beside the others.
  var isDone: Bool { isComplete || plan.isSidecar && (isRunning || last != nil || termination != nil) }

  func status(isReady: Bool) -> JSON {
    var status: JSON = [
      "name": .string(plan.name), "image": .string(image), "imageID": .string(imageID), "ready": .bool(isReady),
      "restartCount": .integer(Int64(restarts)), "started": .bool(isRunning || isReady), "lastState": [:],
    ]
    if !containerID.isEmpty { status["containerID"] = .string(containerID) }
    switch state {
    case .waiting(let reason, let message):
      var waiting: JSON = ["reason": .string(reason)]
      if let message { waiting["message"] = .string(message) }
      status["state"] = ["waiting": waiting]
    case .running(let since): status["state"] = ["running": ["startedAt": .string(since)]]
    case .terminated(let termination): status["state"] = ["terminated": termination.status]
    }
    if let last { status["lastState"] = ["terminated": last.status] }
    return status
  }
}

extension ContainerLife.Termination {
  var status: JSON {
    var status: JSON = [
      "exitCode": .integer(Int64(exitCode)), "reason": .string(reason), "finishedAt": .string(finished),
      "startedAt": .string(started ?? "1970-01-01T00:00:00Z"), "containerID": .string(containerID),
    ]
    if let message { status["message"] = .string(message) }
    return status
  }
}

extension ContainerLife {
  /// Goes on from what an earlier kubelet wrote: what ended stays ended.
  mutating func restore(_ status: JSON) {
    guard let ended = status[path: "state", "terminated"], let code = ended["exitCode"]?.integer else { return }
    imageID = status["imageID"]?.string ?? ""
    image = status["image"]?.string ?? image
    containerID = ended["containerID"]?.string ?? ""
    restarts = Int(status["restartCount"]?.integer ?? 0)
    state = .terminated(
      Termination(
        exitCode: Int(code), reason: ended["reason"]?.string ?? "Completed", message: ended["message"]?.string,
        started: ended["startedAt"]?.string, finished: ended["finishedAt"]?.string ?? "", containerID: containerID))
  }
}
