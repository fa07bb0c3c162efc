import Operator
import PrepullAPI
import Documents
package import Kubernetes

/// Removes the operator, all Prepulls and everything that either made, and makes sure that it is gone.
///
/// It needs no operator that is alive: it first stops the one that runs, so that nothing creates again what goes, and then
/// does the operator's own cleaning. Interrupted or refused at any point, it can be run again and goes on.
package struct Uninstallation: Sendable {
  let client: KubernetesClient
  /// How long each step waits for what was deleted to be gone.
  var timeout = Duration.seconds(60)
  /// Called with what is done as it is done, a line each.
  let say: @Sendable (String) -> Void

  package init(client: KubernetesClient, say: @escaping @Sendable (String) -> Void) {
    self.client = client
    self.say = say
  }

  /// What is not as it should be after `perform`.
  package struct Outcome: Sendable {
    /// What is still there although it was deleted, and why; empty when the cluster is clean.
    package var left: [String] = []
    /// Nodes on which images may still be pinned, and why, a line each.
    package var pinned: [String] = []
  }

  package func perform(_ survey: Survey) async throws -> Outcome {
    var outcome = Outcome()
    // The order lets a run that is cut off be repeated: what a later step has to know goes last.
    outcome.left += try await remove(survey.operators.filter { !$0.isAgents }, "the operator")
    outcome.left += try await removePods(Installation.selector)
    outcome.left += try await removePods(Installation.dashboardSelector)
    // Nobody else says now what agents shall hold.
    if survey.hasAgents { outcome.pinned = try await releasePins() }
    outcome.left += try await remove(survey.operators.filter(\.isAgents), "the agents")
    outcome.left += try await removePods(Installation.agentSelector)
    outcome.left += try await removeRest(survey)
    return outcome
  }

  private func removeRest(_ survey: Survey) async throws -> [String] {
    var left: [String] = []
    try await clean(survey)
    left += try await remove(survey.pullers, "what Prepulls had made")
    left += try await removePrepulls(survey)
    left += try await remove(survey.warmNodes, "WarmNode records")
    left += try await remove(survey.others, "accounts, roles and services")
    left += try await remove(survey.definitions, "the kinds Prepull and WarmNode")
    left += try await removeNamespaces(survey)
    return left
  }

  // MARK: Steps

  /// Deletes objects and waits until they are gone.
  private func remove(_ items: [Item], _ what: String) async throws -> [String] {
    guard !items.isEmpty else { return [] }
    for item in items {
      do {
        try await client.delete(item.resource, item.name, in: item.namespace, uid: item.uid)
      } catch let error as APIError where error.code == .notFound || error.code == .conflict {}
    }
    let left = try await wait { try await present(items) }
    say("removed \(what): \(Item.summary(of: items.filter { item in !left.contains(item) }))")
    return left.map { "\($0) is being deleted" + ($0.finalizers.isEmpty ? "" : ", held by \($0.finalizers)") }
  }

  /// Waits for pods of the operator or its agents to end, so that none acts any more.
  private func removePods(_ selector: String) async throws -> [String] {
    func pods() async throws -> [Item] { try await Item.list(DynamicResource(Pod.self), client, labels: selector) }
    var left = try await wait { try await pods() }
    for pod in left {
      // Its node does not answer, and the roles that it acts by go next.
      do {
        try await client.delete(Pod.self, pod.name, in: pod.namespace, uid: pod.uid, gracePeriod: 0)
      } catch let error as APIError where error.code == .notFound || error.code == .conflict {}
    }
    if !left.isEmpty { left = try await pods() }
    return left.map { "\($0) does not end" }
  }

  /// Opens the gates, and takes the operator's condition off nodes.
  private func clean(_ survey: Survey) async throws {
    for mark in survey.gatedNodes {
      if try await NodeMarks(client: client).removeTaint(mark.taint, from: mark.node) {
        say("removed the taint \(mark.taint) from the node \(mark.node)")
      }
    }
    for node in survey.conditionedNodes { try await NodeMarks(client: client).removeCondition(from: node) }
    if !survey.conditionedNodes.isEmpty {
      say("removed the condition \(PullerKey.warm) from \(Quantity.count(survey.conditionedNodes.count, "node"))")
    }
  }

  /// Deletes the Prepulls and takes our finalizer from them, as the operator is gone that would.
  private func removePrepulls(_ survey: Survey) async throws -> [String] {
    for item in survey.prepulls {
      do {
        try await client.delete(item.resource, item.name, in: item.namespace)
      } catch let error as APIError where error.code == .notFound {}
    }
    for item in survey.prepulls { try await removeFinalizer(of: item) }
    return try await remove(survey.prepulls, "all Prepulls")
  }

  private func removeFinalizer(of item: Item) async throws {
    for _ in 0..<10 {
      do {
        let prepull = try await client.get(Prepull.self, item.name, in: item.namespace)
        guard let finalizers = prepull.metadata.finalizers, finalizers.contains(PullerKey.cleanup) else { return }
        let kept = finalizers.filter { $0 != PullerKey.cleanup }.map(JSON.string)
        var metadata: JSON = ["finalizers": .array(kept)]
        metadata["resourceVersion"] = prepull.metadata.resourceVersion.map(JSON.string)
        _ = try await client.patch(Prepull.self, item.name, in: item.namespace, .merge(["metadata": metadata]))
        return
      } catch let error as APIError where error.code == .conflict {
        continue
      } catch let error as APIError where error.code == .notFound {
        return
      }
    }
  }

  /// A namespace goes when it was made for the operator and nobody else uses it.
  private func removeNamespaces(_ survey: Survey) async throws -> [String] {
    var left: [String] = []
    for item in survey.namespaces {
      if let reason = try await reasonToKeep(item.name) {
        let labels = (Installation.labels.object ?? [:]).mapValues { _ in JSON.null }
        _ = try await client.patch(Namespace.self, item.name, .merge(["metadata": ["labels": .object(labels)]]))
        say("kept the namespace \(item.name): \(reason)")
      } else {
        left += try await remove([item], "the namespace")
      }
    }
    return left
  }

  private func reasonToKeep(_ namespace: String) async throws -> String? {
    if Installation.isForeign(namespace) { return "it is Kubernetes' own" }
    let kinds = [
      ("v1", "pods"), ("apps/v1", "deployments"), ("apps/v1", "statefulsets"), ("apps/v1", "daemonsets"),
      ("batch/v1", "jobs"), ("batch/v1", "cronjobs"), ("v1", "persistentvolumeclaims"), ("v1", "services"),
      ("v1", "configmaps"), ("v1", "secrets"),
    ]
    var counts: [(Item, Int)] = []
    for (apiVersion, plural) in kinds {
      let all: [Item]
      do {
        all = try await Item.list(DynamicResource(apiVersion: apiVersion, plural: plural), client, in: namespace)
      } catch let error as APIError where error.code == .forbidden {
        return "what else is in it cannot be seen: \(error.detail)"
      }
      let others = all.filter { !Self.isMadeByCluster($0) }
      if let first = others.first { counts.append((first, others.count)) }
    }
    guard let (first, _) = counts.first else { return nil }
    let summary = counts.map { Item.count($1, $0.resource.plural) }.joined(separator: ", ")
    return "it has \(summary) of others, \(first.resource.plural)/\(first.name) first"
  }

  /// What Kubernetes and Helm put into a namespace by themselves.
  private static func isMadeByCluster(_ item: Item) -> Bool {
    item.resource.plural == "configmaps" && item.name == "kube-root-ca.crt"
      || item.resource.plural == "secrets" && item.name.hasPrefix("sh.helm.release.v1.")
  }

  // MARK: Waiting

  /// Asks until nothing is left or the time is over; what is left then.
  func wait<Left>(_ remaining: () async throws -> [Left]) async throws -> [Left] {
    let deadline = ContinuousClock.now + timeout
    var pause = Duration.milliseconds(50)
    while true {
      let left = try await remaining()
      if left.isEmpty || ContinuousClock.now > deadline { return left }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(1))
    }
  }

  /// Those of the objects that are still there. Another one of the same name counts as well: somebody created it again.
  private func present(_ items: [Item]) async throws -> [Item] {
    var left: [Item] = []
    for item in items {
      do {
        let metadata = try await client.metadata(of: item.resource, item.name, in: item.namespace)
        var now = item
        now.finalizers = (metadata.finalizers ?? []).joined(separator: ", ")
        left.append(now)
      } catch let error as APIError where error.code == .notFound {}
    }
    return left
  }
}
