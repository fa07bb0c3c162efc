import Kubernetes

/// What reaches a run from the cluster.
enum RunSignal: Sendable {
  case nodes(WatchEvent<Node>)
  case pods(WatchEvent<Pod>)
  case events(WatchEvent<Event>)
  /// Events may not be watched: there will be no progress to tell.
  case noEvents(APIError)
  /// A watch that nothing can replace has ended.
  case blind(APIError)
  /// `error` is nil when the pod is there.
  case created(RolloutMachine.PodID, name: String, error: APIError?)
  /// Whether a pod that a new list does not name is there.
  case looked(RolloutMachine.PodID, isThere: Bool)
  /// The ConfigMap that owns all; it was created again when `isNew`.
  case owner(ConfigMap, isNew: Bool)
  case ownerFailed(APIError)
  /// The API server answers.
  case reached
  case lost(APIError)
  case tick
}

/// What a run does, or tells.
enum RunEffect: Sendable {
  case create(RolloutMachine.PodID, Pod)
  case delete(name: String, isNodeGone: Bool)
  /// Find out whether a pod is there.
  case look(RolloutMachine.PodID, name: String)
  /// Find out whether the ConfigMap is there, and create it again if not.
  case checkOwner
  /// Ask the API server until it answers.
  case ping
  case tell(RunEvent)
}
