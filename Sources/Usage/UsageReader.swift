import Workloads
package import Kubernetes

/// Reads what the use of images needs of a cluster, page by page, so that memory does not grow with its pods.
package struct UsageReader: Sendable {
  /// Which part of the cluster counts.
  package struct Scope: Hashable, Sendable {
    /// All when nil.
    package var namespace: String?
    /// Of pods and of workloads; a label selector.
    package var labels: String?
    /// All when nil; what lies in other namespaces counts as if it were not there.
    package var among: Set<String>?

    package init(namespace: String? = nil, labels: String? = nil) {
      self.namespace = namespace
      self.labels = labels
    }

    func has(_ metadata: ObjectMeta) -> Bool { among?.contains(metadata.namespace ?? "") ?? true }
  }

  /// What was found, and what could not be.
  package struct Outcome: Sendable {
    package var survey = UsageSurvey()
    /// For the user, a line each.
    package var remarks: [String] = []
    /// Events whose time had not come: how many, and how far at most, in seconds.
    package var early = (count: 0, most: 0.0)
    /// The pods that a selector chose, `namespace/name`; nil where there is none. Events have no labels of their own.
    var selected: Set<String>?
    /// Pods of Prepull's own that are there, by the same names.
    var own: Set<String> = []
    /// Kinds of workloads that cannot be listed.
    fileprivate var refused: [(kind: String, why: String)] = []
  }

  private static let pageSize = 500

  private let client: KubernetesClient
  package let scope: Scope

  package init(client: KubernetesClient, scope: Scope = Scope()) {
    self.client = client
    self.scope = scope
  }

  /// Reads nodes, pods and workloads, and adds the events that the record has not seen yet to it.
  ///
  /// - Parameters:
  ///   - since: pods made later are new; seconds since 1970.
  ///   - eventsSince: events reported earlier do not count.
  ///   - progress: hears what is read next: `nodes`, `pods`.
  /// - Throws: `APIError` when not even the pods can be listed. What else cannot be is a remark.
  package func read(
    into record: inout UsageRecord, since: Double, eventsSince: Double, now: Double,
    progress: (String) -> Void = { _ in }
  ) async throws -> Outcome {
    var outcome = Outcome()
    // Workloads come first, so that of nodes no more is kept than which of their pods each takes.
    progress("workloads")
    try await readWorkloads(of: DeploymentShape.self, into: &outcome)
    try await readWorkloads(of: StatefulSetShape.self, into: &outcome)
    try await readWorkloads(of: DaemonSetShape.self, into: &outcome)
    try await readWorkloads(of: CronJobShape.self, into: &outcome)
    try await readWorkloads(of: JobShape.self, into: &outcome)
    progress("nodes")
    try await readNodes(into: &outcome)
    progress("pods")
    try await readPods(into: &outcome, since: since)
    if let first = outcome.refused.first {
      let kinds = outcome.refused.map(\.kind).joined(separator: ", ")
      outcome.remarks.append("cannot list \(kinds): \(first.why). What these run next is not known.")
    }
    progress("events")
    do {
      for reason in Self.reasons {
        try await readEvents(reason, into: &record, &outcome, since: eventsSince, now: now)
      }
    } catch let error as APIError where error.isRefusal {
      outcome.remarks.append("\(error.description) How long pods waited for images is not known.")
    }
    return outcome
  }

  func readNodes(into outcome: inout Outcome) async throws {
    do {
      let before = outcome.survey
      var survey = before
      try await client.pages(Node.self, pageSize: 100) { page, isFirst in
        if isFirst { survey = before }
        for node in page {
          let (facts, images) = (NodeFacts(node), node.status?.images ?? [])
          survey.add(
            node: facts.name, system: facts.os, joined: node.joined,
            images: images.map { (names: $0.names ?? [], bytes: $0.sizeBytes) }, facts: facts)
        }
      }
      outcome.survey = survey
    } catch let error as APIError where error.isRefusal {
      outcome.survey.learnsNodes = true
      outcome.remarks.append("\(error.description) Only nodes on which these pods run are counted.")
    }
  }

  private func readPods(into outcome: inout Outcome, since: Double) async throws {
    let before = outcome.survey
    var survey = before
    var selected: Set<String>? = scope.labels == nil ? nil : []
    var own: Set<String> = []
    do {
      try await client.pages(
        UsagePod.self, in: scope.namespace, labels: scope.labels, pageSize: Self.pageSize
      ) { page, isFirst in
        if isFirst { survey = before }
        for pod in page where scope.has(pod.metadata) {
          let use = pod.use(since: since)
          let name = PodSelection.name(pod.metadata.namespace ?? "", pod.metadata.name ?? "")
          if pod.isOwn {
            survey.hold(use)
            own.insert(name)
          } else {
            survey.add(use)
            selected?.insert(name)
          }
        }
      }
    } catch let error as APIError {
      throw error.suggestingNamespace(scope.namespace == nil)
    }
    outcome.survey = survey
    outcome.selected = selected
    outcome.own = own
  }

  private func readWorkloads<Shape: WorkloadShape>(
    of shape: Shape.Type, into outcome: inout Outcome
  ) async throws {
    do {
      let before = outcome.survey
      var survey = before
      try await client.pages(
        WorkloadObject<Shape>.self, in: scope.namespace, labels: scope.labels, pageSize: 100
      ) { page, isFirst in
        if isFirst { survey = before }
        for object in page where !OwnPods.has(object.metadata.labels) && scope.has(object.metadata) {
          guard let spec = object.spec, object.metadata.deletionTimestamp == nil else { continue }
          let name = "\(Shape.workload.rawValue) \(object.metadata.namespace ?? "")/\(object.metadata.name ?? "")"
          let template = Shape.template(in: spec)
          survey.add(
            workload: name, images: template?.references ?? [],
            expected: Shape.missingPods(of: spec, object.status ?? .init()),
            on: template?.nodes(of: Shape.workload) ?? NodeChoice())
        }
      }
      outcome.survey = survey
    } catch let error as APIError where error.isRefusal {
      outcome.refused.append((Shape.workload.rawValue.lowercased() + "s", error.detail))
    }
  }

  // MARK: Events

  /// How long API servers keep events unless configured otherwise (`--event-ttl`), in seconds.
  package static let eventsLive = 3600.0

  /// A field selector has no "or": each reason is read by itself.
  static let reasons = ["Pulled", "Failed"]

  static func fields(_ reason: String) -> String { "involvedObject.kind=Pod,reason=\(reason)" }

  /// Adds the events that the record has not seen yet to it.
  func readEvents(
    _ reason: String, into record: inout UsageRecord, _ outcome: inout Outcome, since: Double, now: Double
  ) async throws {
    let before = (record, outcome)
    var (new, found) = before
    var last: Int64 = 0
    try await client.pages(
      Event.self, in: scope.namespace, fields: Self.fields(reason), pageSize: Self.pageSize
    ) { page, isFirst in
      if isFirst {
        (new, found) = before
        last = 0
      }
      for event in page {
        last = max(last, event.version)
        guard scope.has(event.metadata), record.isNews(event, reason), let notice = PullNotice(event) else { continue }
        found.take(notice, into: &new, since: since, now: now)
      }
    }
    new.saw(reason, upTo: last, at: now)
    (record, outcome) = (new, found)
    if reason == Self.reasons.first { record.history.watch(from: max(since, now - Self.eventsLive), to: now) }
  }
}

extension UsageReader.Outcome {
  mutating func take(_ notice: PullNotice, into record: inout UsageRecord, since: Double, now: Double) {
    let isSelected = selected?.contains(notice.podName) ?? true
    let isUse = isSelected && !notice.isOwn && !own.contains(notice.podName)
    if let node = notice.node, notice.start.outcome != .failed {
      survey.note(notice.start.image, on: node, isUse: isUse)
    }
    guard isUse, notice.start.time >= since else { return }
    let ahead = notice.start.time - now
    // A few seconds are what clocks and whole seconds differ by.
    if ahead > 5 { early = (early.count + 1, max(early.most, ahead)) }
    var start = notice.start
    start.isOnNewNode = notice.node.map { survey.isNew($0, at: start.time) } ?? false
    record.history.note(start, as: survey.key(of: notice.start.image), now: now)
  }
}

extension APIError {
  /// A user who may not see the whole cluster may see a part of it.
  fileprivate func suggestingNamespace(_ isWhole: Bool) -> APIError {
    guard isWhole, code == .forbidden else { return self }
    var error = self
    error.remedy += " Or look at one namespace only, with -n."
    return error
  }

  /// Whether it is about what the user may do or the server has: the rest can be read all the same.
  var isRefusal: Bool { [.forbidden, .notFound, .methodNotAllowed].contains(code) }
}

extension Event {
  /// Events of one API server are in the order of their versions (KEP-5504); 0 where it is no number.
  var version: Int64 { metadata.resourceVersion.flatMap { Int64($0) } ?? 0 }
}

extension WorkloadPod {
  /// All images that its pods name.
  var references: [String] {
    let containers = (spec?.initContainers ?? []) + (spec?.containers ?? []) + (spec?.ephemeralContainers ?? [])
    return containers.compactMap(\.image) + (spec?.volumes ?? []).compactMap(\.image?.reference)
  }

  /// Where its pods may run.
  func nodes(of workload: WorkloadKind) -> NodeChoice {
    var choice = NodeChoice(
      nodeSelector: spec?.nodeSelector, affinity: spec?.affinity, tolerations: spec?.tolerations)
    choice.names = spec?.nodeName.map { [$0] }
    // The DaemonSet controller puts its pods on cordoned nodes as well.
    choice.includeCordoned = workload == .daemonSet
    return choice
  }
}
