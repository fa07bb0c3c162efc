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
  /// The pod is there, under this name.
  case created(FleetPod.ID, name: String, uid: String)
  case notCreated(FleetPod.ID, APIError)
  /// Whether a pod that a new list does not name is there.
  case looked(FleetPod.ID, isThere: Bool)
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
  case create(FleetPod.ID, Pod)
  case delete(name: String, isNodeGone: Bool)
  /// Find out whether a pod is there.
  case look(FleetPod.ID, name: String)
  /// Find out whether the ConfigMap is there, and create it again if not.
  case checkOwner
  /// Ask the API server until it answers.
  case ping
  case tell(RunEvent)
}
