import ImageModel
import Kubernetes

/// Whether one of our pods has done its work, or never will: the pod, its node and its Prepull in, its end out.
struct PodReview {
  typealias LivePod = FleetMachine.LivePod

  /// Why a pod ends.
  enum End: Hashable {
    /// All its images are there, or failed.
    case settled
    case timedOut
    /// Without its images being at fault.
    case lost(reason: String)
    /// No Prepull wants any more what it still pulls.
    case unwanted
  }

  let pod: LivePod
  let node: FleetMachine.NodeState
  let plan: FleetMachine.PlanState
  let now: Duration
  let limits: FleetLimits

  func end(in table: ImageTable) -> End? {
    if pod.id.nodeUID != node.uid { return .unwanted }
    if pod.images.allSatisfy({ isSettled($0) }) { return .settled }
    if case .failed(let reason) = pod.phase { return .lost(reason: reason) }
    if pod.isBeingDeleted { return .lost(reason: "its pod was deleted by somebody") }
    if !isWanted(in: table) { return .unwanted }
    if pod.isOfAgent, node.agent.presence == .none { return .lost(reason: "its agent is gone") }
    if now >= timeLimit { return .timedOut }
    if !pod.isScheduled, now >= pod.createdAt + limits.schedulingTimeout {
      return .lost(reason: pod.unschedulable ?? "the scheduler did not place its pod")
    }
    if node.facts?.isReady == false, now >= pod.progressAt + limits.readinessTimeout {
      return .lost(reason: "the node is not ready")
    }
    return nil
  }

  /// When it is to be reviewed again, if nothing is seen of it before.
  var nextDue: Duration? {
    switch pod.stage {
    case .asked: return pod.createAt
    case .ending, .deleting: return nil
    case .live:
      var due = timeLimit
      if !pod.isScheduled { due = min(due, pod.createdAt + limits.schedulingTimeout) }
      if node.facts?.isReady == false { due = min(due, pod.progressAt + limits.readinessTimeout) }
      return due
    }
  }

  /// An agent minds the time limit itself, and is given a while to say so.
  private var timeLimit: Duration {
    pod.createdAt + plan.plan.timeout(on: node.facts) + (pod.isOfAgent ? .seconds(30) : .zero)
  }

  /// Whether all that it is still at is wanted, there, by its Prepull.
  func isWanted(in table: ImageTable) -> Bool {
    guard pod.id.nodeUID == node.uid, !plan.isGone, !plan.plan.isFinished, pod.access == plan.access,
      let status = node.statuses.first(where: { $0.plan == pod.plan }), !status.isUnsupported
    else { return false }
    let supported = plan.support(on: node.facts)
    return pod.images.allSatisfy { image in
      if isSettled(image) { return true }
      guard let position = plan.positions[image.number] else {
        // What a check compares with is none of the Prepull's own images.
        return pod.purpose == .verify && table.references[image.number].contains("@")
      }
      return supported.isEmpty || supported[position]
    }
  }

  /// Whether waiting longer tells nothing more about an image.
  private func isSettled(_ image: LivePod.Image) -> Bool {
    switch image.report {
    case .waiting: false
    case .held, .unclear: true
    case .failing(_, let nature, let count):
      pod.purpose == .verify || pod.isOfAgent || nature == .final || count >= limits.triesPerPod
    }
  }
}
