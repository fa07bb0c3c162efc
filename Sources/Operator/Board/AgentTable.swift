import Warming

/// The pods of agents, by their nodes.
struct AgentTable: Sendable {
  /// By node: whether each pod is ready.
  private var pods: [String: [PodName: Bool]] = [:]
  private var places: [PodName: String] = [:]

  init(_ pods: [AgentPod] = []) { for pod in pods { put(pod) } }

  /// Nodes that have one.
  var nodes: Set<String> { Set(pods.keys) }

  func presence(on node: String) -> FleetNode.Agent {
    guard let pods = pods[node] else { return .none }
    return pods.values.contains(true) ? .ready : .starting
  }

  /// - Returns: the nodes whose pods changed.
  @discardableResult
  mutating func put(_ pod: AgentPod) -> Set<String> {
    let name = PodName(pod.metadata)
    let former = places[name] == pod.spec.nodeName ? nil : remove(name)
    guard let node = pod.spec.nodeName else { return Set([former].compactMap(\.self)) }
    places[name] = node
    pods[node, default: [:]][name] = pod.isReady
    return Set([former, node].compactMap(\.self))
  }

  /// - Returns: the node that it was on.
  mutating func remove(_ name: PodName) -> String? {
    guard let node = places.removeValue(forKey: name) else { return nil }
    pods[node]?[name] = nil
    if pods[node]?.isEmpty ?? false { pods[node] = nil }
    return node
  }
}
