import Networking

/// The limits within which the fleet is kept warm.
package struct FleetLimits: Hashable, Sendable {
  /// Our pods at a time, over all Prepulls.
  package var maxPods = 500
  /// Images that one pod names at most.
  package var imagesPerPod = 50
  /// Wait before an image is tried again, after the first failure; twice as long after each further one.
  package var backOff = Duration.seconds(30)
  package var longestBackOff = Duration.seconds(15 * 60)
  /// How many failures of the kubelet within one pod settle an image, when they are none that heal by themselves only.
  package var triesPerPod = 2
  /// Nodes whose final failures make an image refused; fewer where fewer nodes are wanted.
  package var nodesToRefuse = 3
  /// How long a pod may wait for the scheduler.
  package var schedulingTimeout = Duration.seconds(60)
  /// How long a pod may stand still on a node that is not ready.
  package var readinessTimeout = Duration.seconds(60)
  /// How long a node counts as new: not being ready is then no reason to leave it out.
  package var startupGracePeriod = Duration.seconds(10 * 60)
  /// How long a node without an agent is taken for one whose agent is about to come, and how long an agent may take to
  /// be ready before its node is left to its kubelet, where the plan allows that.
  package var agentGracePeriod = Duration.seconds(60)
  package var agentStartup = Duration.seconds(5 * 60)
  /// An image that a node loses so often within the period is left alone for a while: somebody there removes it.
  package var lossesToRest = 3
  package var lossPeriod = Duration.seconds(3600)
  package var lossBackOff = Duration.seconds(15 * 60)
  /// Least time between two checks of a node that hints ask for.
  package var hintInterval = Duration.seconds(5 * 60)
  /// How long a gate stays closed that no Prepull names any more: one may be deleted only to be created again.
  package var unclaimedGate = Duration.seconds(10)
  /// Whether a node that is not ready or cordoned is left alone although it is chosen.
  package var awaitsReadiness = true
  /// Whether what nodes hold is recorded, and their gates and conditions kept.
  package var keepsRecords = true
  /// How long changes of a node's record are gathered that nobody waits for, and those that a pod waits for.
  package var recordDelay = Duration.seconds(5)
  package var urgentRecordDelay = Duration.milliseconds(100)

  package init() {}

  /// The wait after so many failures, from 1.
  func wait(after tries: Int) -> Duration {
    let policy = RetryPolicy(attempts: .max, base: backOff, factor: 2, cap: longestBackOff, jitter: 0)
    return policy.delay(before: tries + 1, random: 0) ?? longestBackOff
  }
}
