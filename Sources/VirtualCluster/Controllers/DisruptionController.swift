import Documents
import KubeAPIServer

/// Counts for every PodDisruptionBudget how many of its pods may go.
///
/// Source: `pkg/controller/disruption`. Only ReplicaSets are asked how many pods there should be; of other pods, those
/// that are there count.
struct DisruptionController {
  let store: Store

  func run() async {
    var isDue = false
    await store.follow([.disruptionBudgets, .replicaSets, .pods], tick: .milliseconds(100)) { change in
      switch change {
      case .event: isDue = true
      case .synced: break
      case .tick:
        if isDue { for budget in store.list(.disruptionBudgets).items { count(budget) } }
        isDue = false
      }
      return true
    }
  }

  private func count(_ budget: JSON) {
    let name = ObjectName(budget)
    let pods = store.pods(of: budget)
    let healthy = pods.filter { $0.condition("Ready") == "True" && !$0.isTerminating }.count
    let (expected, desired) = bounds(budget, pods)
    let allowed = expected > 0 ? max(0, healthy - desired) : 0
    _ = try? store.modify(.disruptionBudgets, namespace: name.namespace, name: name.name, subresource: .status) {
      for (field, number) in [
        ("currentHealthy", healthy), ("desiredHealthy", desired), ("disruptionsAllowed", allowed),
        ("expectedPods", expected),
      ] {
        $0[path: "status", field] = .integer(Int64(number))
      }
      $0[path: "status", "observedGeneration"] = budget[path: "metadata", "generation"]
      $0.set(
        condition: [
          "type": "DisruptionAllowed", "status": allowed > 0 ? "True" : "False",
          "reason": allowed > 0 ? "SufficientPods" : "InsufficientPods", "message": "",
          "observedGeneration": budget[path: "metadata", "generation"] ?? 1,
        ], at: store.timestamp)
    }
  }

  /// How many pods there should be, and how many have to be healthy.
  private func bounds(_ budget: JSON, _ pods: [JSON]) -> (expected: Int, desired: Int) {
    let (least, most) = (budget[path: "spec", "minAvailable"], budget[path: "spec", "maxUnavailable"])
    if let least = least?.integer { return (pods.count, Int(least)) }
    var sets: [String: Int] = [:]
    var others = 0
    for pod in pods {
      guard let owner = pod.controller, owner["kind"] == "ReplicaSet", let uid = owner["uid"]?.string,
        let set = store.get(
          .replicaSets, namespace: ObjectName(pod).namespace, name: owner["name"]?.string ?? "")
      else {
        others += 1
        continue
      }
      sets[uid] = Int(set[path: "spec", "replicas"]?.integer ?? 1)
    }
    let expected = sets.values.reduce(others, +)
    func share(_ value: JSON?) -> Int {
      guard let text = value?.string, let percent = Int(text.dropLast()) else { return Int(value?.integer ?? 0) }
      return (expected * percent + 99) / 100
    }
    return (expected, most == nil ? share(least) : max(0, expected - share(most)))
  }
}
