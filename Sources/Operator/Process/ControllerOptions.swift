package import ImageSources
package import Warming

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How the operator runs.
package struct ControllerOptions: Sendable {
  /// Where the Lease is that rules out two leaders.
  package var namespace: String
  /// Who this process is among the contenders, and in the Events that it writes: its pod's name.
  package var identity: String
  /// Whether another controller may run beside this one, so that one of them has to lead.
  package var isElected = true
  /// How long the others wait after the leader's last sign of life, how long it tries to renew, and how often.
  package var leaseDuration = Duration.seconds(15)
  package var renewDeadline = Duration.seconds(10)
  package var retryPeriod = Duration.seconds(2)
  /// How long something that has to be seen may be missing before the leadership is given up for it, where another
  /// replica might do better, and how long it is waited then before contending again.
  var stepAsideAfter = Duration.seconds(60)
  var standAside = Duration.seconds(30)
  /// How often a failure is warned of that goes on.
  var reminder = Duration.seconds(300)
  /// How many pods at a time, how long anything is waited for.
  package var limits = FleetLimits()
  /// What puller pods have besides what their Prepulls say.
  package var podTemplate = PodTemplateOptions()
  /// How changes are gathered before they are written.
  var pace = FleetBoard.Pace()
  /// How long a pod of others that pulls images keeps ours off its node, after it came there; never when zero.
  package var yieldTimeout: Duration {
    get { pace.yielding.timeout }
    set { pace.yielding.timeout = newValue }
  }
  /// Where `/metrics`, `/healthz` and `/readyz` are served: `0.0.0.0:8080`; nowhere when nil.
  package var metricsAddress: String? = "0.0.0.0:8080"
  /// Where the agents of nodes are, to which credentials are given; to nobody when nil.
  package var agentNamespace: String?
  /// The servers that sources of Prepulls may ask.
  package var allowedSources = AllowedSources()
  /// Where agents ask for credentials, over HTTPS.
  package var tokenAddress = "0.0.0.0:8443"

  package init(namespace: String = "prepull-system", identity: String = UUID().uuidString) {
    self.namespace = namespace
    self.identity = identity
  }

  /// The Lease's name.
  package static let lease = "prepull-controller"
}
