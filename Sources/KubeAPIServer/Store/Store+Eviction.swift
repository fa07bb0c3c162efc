package import Documents

extension Store {
  /// The pods that a PodDisruptionBudget is about.
  package func pods(of budget: JSON) -> [JSON] {
    guard let selector = budget[path: "spec", "selector"] else { return [] }
    let query = LabelQuery(selector: selector)
    return list(.pods, namespace: ObjectName(budget).namespace).items.filter { query.matches($0) && !$0.isOver }
  }

  /// Deletes a pod where its budget allows that: the subresource `eviction`.
  ///
  /// - Throws: 429 where it does not.
  func evict(_ name: String, namespace: String, options: DeleteOptions) throws {
    guard let pod = get(.pods, namespace: namespace, name: name) else { throw StatusError.notFound(.pods, name) }
    if !pod.isOver, !pod.isTerminating, pod.phase != "Pending" {
      let budgets = list(.disruptionBudgets, namespace: namespace).items.filter { budget in
        pods(of: budget).contains { $0.uid == pod.uid }
      }
      guard budgets.count < 2 else {
        throw StatusError(
          500, "InternalError",
          "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
      }
      if let budget = budgets.first { try spend(budget, on: pod, dryRun: options.dryRun) }
    }
    try delete(.pods, namespace: namespace, name: name, options: options)
  }

  private func spend(_ budget: JSON, on pod: JSON, dryRun: Bool) throws {
    let name = ObjectName(budget)
    try modify(.disruptionBudgets, namespace: name.namespace, name: name.name, subresource: .status, dryRun: dryRun) {
      let allowed = $0[path: "status", "disruptionsAllowed"]?.integer ?? 0
      let healthy = $0[path: "status", "currentHealthy"]?.integer ?? 0
      let desired = $0[path: "status", "desiredHealthy"]?.integer ?? 0
      // A pod that is not ready may go when the others suffice.
      if pod.condition("Ready") != "True", healthy >= desired, desired > 0 { return }
      guard allowed > 0 else {
        var error = StatusError(
          429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        error.details = [
          "causes": [
            [
              "reason": "DisruptionBudget",
              "message": .string(
                "The disruption budget \(name.name) needs \(desired) healthy pods and has \(healthy) currently"),
            ]
          ]
        ]
        throw error
      }
      $0[path: "status", "disruptionsAllowed"] = .integer(allowed - 1)
    }
  }
}
