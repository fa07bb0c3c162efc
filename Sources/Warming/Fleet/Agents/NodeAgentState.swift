import ImageModel

extension FleetMachine {
  /// By which means a node pulls for a plan, as it stands now.
  enum Means: Hashable, Sendable {
    case kubelet
    case agent
    /// Its agent is about to come, or to be ready.
    case awaited
    /// It has none, and its kubelet is not to step in.
    case none
  }

  /// What is known of the agent of a node, and what it was asked for.
  struct NodeAgentState: Sendable {
    var presence = FleetNode.Agent.none
    /// When that changed last; nil while it was never seen to.
    var since: Duration?
    /// Images that it was asked for.
    var ordered: Set<ImageNumber> = []
    /// Those that it cannot pull, as their credentials are the kubelet's alone. In memory only.
    var refused: Set<ImageNumber> = []
    /// Of the wishes that were told last; nil where that is not known.
    var toldHash: Int? = Self.noWishes

    static let noWishes = Hasher().finalize()
  }
}

extension FleetMachine.NodeState {
  /// Whether an image that an agent is to pull is left to the kubelet.
  func leavesToKubelet(_ image: ImageNumber, _ engine: FleetPlan.Engine) -> Bool {
    engine == .agent(fallsBack: true) && agent.refused.contains(image)
  }

  func means(
    of engine: FleetPlan.Engine, at now: Duration, _ limits: FleetLimits
  ) -> FleetMachine.Means {
    guard case .agent(let fallsBack) = engine else { return .kubelet }
    if agent.presence == .ready { return .agent }
    if now < graceEnd(limits) { return .awaited }
    if fallsBack { return .kubelet }
    return agent.presence == .starting ? .awaited : .none
  }

  /// When the means may change because of time.
  func nextMeans(at now: Duration, _ limits: FleetLimits) -> Duration? {
    let end = graceEnd(limits)
    return now < end ? end : nil
  }

  private func graceEnd(_ limits: FleetLimits) -> Duration {
    (agent.since ?? createdAt) + (agent.presence == .starting ? limits.agentStartup : limits.agentGracePeriod)
  }
}
