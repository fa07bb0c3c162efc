import Documents
import ImageSources
import PrepullAPI
import Warming
import ImageModel
import Kubernetes

/// Puts into a Prepull's status how it stands.
struct PrepullReport {
  let entry: PrepullEntry
  /// The status before this one.
  let last: Prepull.Status?
  /// Nil while nothing is known.
  let summary: FleetSummary?
  /// Whether the operator has the right to remove taints.
  var mayOpenGates = true
  let answers: (String) -> ResolutionAnswer?
  /// RFC 3339.
  let now: String

  /// The status by what is known now. Where nothing changed it is the same as before.
  var status: Prepull.Status {
    var status = last ?? Prepull.Status()
    var conditions = status.conditions ?? []
    func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
      conditions.set(
        type, APICondition.Status(isTrue), reason: reason, message: message, observedGeneration: entry.generation,
        at: now)
    }
    status.observedGeneration = entry.generation
    status.sources = entry.sourceStatuses
    if let problem = entry.problem {
      set("Degraded", true, SpecError.reason, problem.description)
      set("Ready", false, SpecError.reason, problem.description)
      if summary == nil {
        set("Progressing", false, SpecError.reason, "nothing is done until the spec is corrected")
      }
    }
    if let summary {
      status.nodes = counts(summary)
      status.images = images(summary)
      let isComplete =
        entry.settings?.mode == .once && (summary.isComplete && !entry.awaitsSources || entry.isFinished)
      let ready = ready(summary)
      if entry.problem == nil { set("Ready", ready.isTrue, ready.reason, ready.message) }
      let progress = isComplete ? (false, "Complete", "mode Once is done") : progressing(summary)
      set("Progressing", progress.0, progress.1, progress.2)
      if entry.problem == nil {
        let trouble = degraded(summary)
        set("Degraded", trouble != nil, trouble?.reason ?? "AsExpected", trouble?.message ?? "nothing is wrong")
      }
      complete(isComplete, summary, &conditions, &status)
    }
    status.conditions = conditions
    return status
  }

  private func counts(_ summary: FleetSummary) -> Prepull.NodeCounts {
    var counts = Prepull.NodeCounts()
    counts.desired = summary.nodes.wanted
    counts.warm = summary.nodes.warm
    counts.pulling = summary.nodes.pulling
    counts.pending = summary.nodes.pending + summary.nodes.stale
    counts.failed = summary.nodes.failed
    counts.unreachable = summary.nodes.unreachable
    counts.unsupported = summary.nodes.unsupported
    return counts
  }

  private func images(_ summary: FleetSummary) -> [Prepull.ImageStatus] {
    let figures = Dictionary(summary.images.map { ($0.reference, $0) }) { first, _ in first }
    return entry.images.map { wanted in
      var image = Prepull.ImageStatus(image: wanted.reference)
      image.wantedBy = wanted.wantedBy
      let answer = answers(wanted.reference)
      image.digest = answer?.digest?.description
      image.sizeBytes = answer?.resolution?.variants.values.map(\.sizeBytes).max()
      image.resolvedAt = answer?.resolvedAt?.timestamp
      let figure = figures[wanted.reference]
      image.warm = figure?.warm ?? 0
      image.failed = figure?.failed ?? 0
      image.unsupported = figure.flatMap { $0.unsupported == 0 ? nil : $0.unsupported }
      if let failure = figure?.refusal ?? figure?.lastFailure ?? answer?.problem {
        image.reason = failure.reason
        image.message = failure.message
      } else if let stale = figure?.stale, stale > 0 {
        image.reason = "Stale"
        image.message = Self.staleness(stale)
      }
      return image
    }
  }

  private static func staleness(_ count: Int) -> String {
    "\(count.nodes) another digest than the tag has now; set spec.refreshInterval, or spec.imagePullPolicy Always, to "
      + "have them pull it"
  }

  private static let withoutAgent =
    "have no agent: install them (prepull install --agent), or set spec.fallback: Kubelet"

  // MARK: Conditions

  private func ready(_ summary: FleetSummary) -> (isTrue: Bool, reason: String, message: String) {
    let nodes = summary.nodes
    if let pending = entry.pendingSource, !entry.isFinished {
      return (
        false, "SourcesPending",
        "\(pending.key.source.name) has not said yet which images are wanted"
          + (pending.problem.map { ": \($0.message)" } ?? "")
      )
    }
    if entry.awaitsSources, !entry.isFinished {
      return (false, "SourcesPending", "registries have not said yet what the images of sources are")
    }
    if entry.images.isEmpty, let nothing = nothing(summary) {
      return (entry.settings?.mode != .once && nodes.reachable > 0, nothing.reason, nothing.message)
    }
    let rest = rest(summary)
    if summary.isReady { return (true, "AllNodesWarm", "\(nodes.warm) of \(nodes.wanted) nodes are warm\(rest)") }
    if let nothing = nothing(summary) { return (false, nothing.reason, nothing.message) }
    if nodes.reachable == 0 { return (false, "NodesUnreachable", "no node is warm\(rest)") }
    var parts = ["\(nodes.warm) of \(nodes.wanted) nodes are warm"]
    for (count, word) in [
      (nodes.pulling, "pulling"), (nodes.pending, "pending"), (nodes.failed, "failed"), (nodes.stale, "stale"),
    ] where count > 0 {
      parts.append("\(count) \(word)")
    }
    let isStuck = nodes.pulling == 0 && nodes.pending == 0
    let isSuspended = entry.settings?.isSuspended ?? false
    let reason =
      isStuck ? (nodes.failed > 0 ? "NodesFailed" : "NodesStale") : isSuspended ? "Suspended" : "NodesCold"
    let cause = isStuck && nodes.failed > 0 ? degraded(summary).map { "; \($0.message)" } ?? "" : ""
    return (false, reason, parts.joined(separator: ", ") + rest + cause)
  }

  /// The nodes that do not count for Ready.
  private func rest(_ summary: FleetSummary) -> String {
    let nodes = summary.nodes
    var text = ""
    if nodes.unreachable > 0 {
      let names = summary.unreachableExamples.joined(separator: ", ")
      let more = nodes.unreachable - summary.unreachableExamples.count
      text += "; \(nodes.unreachable) cannot be reached: \(names)" + (more > 0 ? " and \(more) more" : "")
    }
    let foreign = nodes.unsupported - nodes.withoutAgent
    if foreign > 0 { text += "; \(foreign) more have no image for their platform" }
    if nodes.withoutAgent > 0 {
      text += "; \(nodes.withoutAgent) more \(Self.withoutAgent)"
    }
    return text
  }

  /// Why there is nothing to do. A Prepull that keeps nodes warm waits for nodes and workloads to come; one that is done
  /// once has failed.
  private func nothing(_ summary: FleetSummary) -> (reason: String, message: String)? {
    if entry.images.isEmpty {
      return (
        "NoImages",
        "no image is wanted: spec.workloads matches no workload; compare its namespaces and selector"
      )
    }
    guard summary.nodes.wanted == 0 else { return nil }
    let without = summary.nodes.withoutAgent
    if without > 0 {
      return ("NoAgents", "\(without) of the chosen nodes \(Self.withoutAgent)")
    }
    let others = summary.nodes.unsupported
    let exception = others == 0 ? "" : " but \(others) whose platform the images lack"
    return ("NoNodes", "no node is chosen by spec.nodes\(exception)")
  }

  private func progressing(_ summary: FleetSummary) -> (Bool, String, String) {
    let nodes = summary.nodes
    if entry.settings?.isSuspended ?? false {
      return (false, "Suspended", "spec.suspend is true: nothing new is begun")
    }
    if let obstacle = summary.obstacle { return (false, "PodsRefused", obstacle.message) }
    if summary.isPaused {
      return (
        false, "MaxFailuresReached",
        "\(summary.failing) of \(nodes.wanted) nodes failed, more than spec.maxFailures allows: no further node is "
          + "begun until they recover or the spec changes"
      )
    }
    if let opening = entry.closedUntil, nodes.pulling == 0, let waiting = summary.blocked[.closed], waiting > 0 {
      return (
        false, "WindowClosed",
        "waits until \(opening): \(Quantity.count(waiting, "node")) will be begun in the next of spec.windows"
      )
    }
    guard nodes.pulling > 0 || nodes.pending > 0 || nodes.failed > 0 else {
      return (false, "Idle", "there is nothing to pull")
    }
    let waiting = summary.blocked.filter { $0.value > 0 && $0.key != .seeds }.sorted {
      ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue)
    }
    .map { "\($0.value) \($0.key.text)" }
    let trouble = summary.blocked[.backingOff] == nil ? nil : summary.images.first { $0.lastFailure != nil }
    let failure = trouble.flatMap { image in image.lastFailure.map { "\(image.reference): \($0.message)" } }
    let example =
      (summary.blockedExample ?? summary.yieldsTo ?? failure).map { ": \($0)" } ?? ""
    let isRetrying = nodes.pulling == 0 && nodes.pending == 0
    let work =
      isRetrying
      ? "images that failed on \(Quantity.count(nodes.failed, "node")) are tried again by their back-off"
      : "nodes pulling: \(nodes.pulling), pending: \(nodes.pending)"
    if let wait = summary.seedWait {
      return (true, "Seeding", ([wait.sentence, work] + waiting).joined(separator: "; ") + example)
    }
    let text = [work] + waiting
    return (true, isRetrying ? "Retrying" : "Pulling", text.joined(separator: "; ") + example)
  }

  private func degraded(_ summary: FleetSummary) -> (reason: String, message: String)? {
    if let obstacle = summary.obstacle { return ("PodsRefused", obstacle.message) }
    let refused = summary.images.compactMap { image in image.refusal.map { (image.reference, $0) } }
    if let (reference, failure) = refused.first {
      let others = refused.count == 1 ? "" : " (and \(Quantity.count(refused.count - 1, "more image")))"
      return ("Image\(failure.reason)", "\(reference)\(others): \(failure.message)")
    }
    let failed = summary.images.filter { $0.failed > 0 }
    if let image = failed.first, let failure = image.lastFailure {
      let place = image.failedNode.map { ", such as \($0)" } ?? ""
      let others = failed.count == 1 ? "" : " (and \(Quantity.count(failed.count - 1, "more image")))"
      return (
        "NodesFailed",
        "\(image.reference)\(others) failed on \(image.failed) node\(image.failed == 1 ? "" : "s")\(place): "
          + failure.message
      )
    }
    if let (key, answer, problem) = entry.failingSource {
      let list =
        answer.images.map { images in
          images.isEmpty
            ? ""
            : "; its last good list stays: \(Quantity.count(images.count, "image")) of \(answer.updatedAt?.timestamp ?? "before")"
        } ?? ""
      return (problem.reason, "\(key.source.name): \(problem.message)\(list)")
    }
    if entry.settings?.mode == .once, entry.pendingSource == nil, let nothing = nothing(summary) { return nothing }
    if !mayOpenGates, entry.settings?.gate != nil {
      return (
        "GateForbidden",
        "the operator may not remove taints from nodes; install it without --no-gate, or remove spec.gate"
      )
    }
    if let problem = entry.discovered?.problem { return ("DiscoveryFailed", "the last good list stays: \(problem)") }
    return nil
  }

  private func complete(
    _ isComplete: Bool, _ summary: FleetSummary, _ conditions: inout [APICondition], _ status: inout Prepull.Status
  ) {
    guard entry.settings?.mode == .once else {
      conditions.removeAll { $0.type == "Complete" }
      status.finishedAt = nil
      return
    }
    let failed = summary.nodes.failed
    let wasComplete = conditions["Complete"].map { $0.isTrue && $0.observedGeneration == entry.generation } ?? false
    conditions.set(
      "Complete", APICondition.Status(isComplete),
      reason: !isComplete
        ? "InProgress"
        : failed > 0
          ? "WithFailures"
          : summary.nodes.wanted == 0 ? "NoNodes" : summary.nodes.reachable == 0 ? "NodesUnreachable" : "AllNodesWarm",
      message: !isComplete
        ? "it is not done yet"
        : "\(Quantity.count(summary.nodes.warm, "node")) became warm, \(failed) failed\(rest(summary))",
      observedGeneration: entry.generation, at: now)
    status.finishedAt = isComplete ? wasComplete ? status.finishedAt ?? now : now : nil
  }
}

extension Int {
  fileprivate var nodes: String { self == 1 ? "1 node holds" : "\(self) nodes hold" }
}

extension FleetSummary.Blocker {
  /// The end of a sentence about some nodes: "3 wait for …".
  fileprivate var text: String {
    switch self {
    case .pacing: "wait for their turn"
    case .busy: "yield to pods of others that pull their images there"
    case .backingOff: "wait to try an image again"
    case .noRoom: "have no room for a pod"
    case .occupied: "are at work for another Prepull"
    case .paused: "wait as too many nodes failed"
    case .suspended: "wait as spec.suspend is true"
    case .refused: "get no pods from the API server"
    case .gated: "are pulling first what a gate waits for"
    case .disk: "have DiskPressure, so that nothing is pulled there"
    case .agent: "wait for their agent to be ready"
    case .seeds: "wait for seeds"
    case .closed: "wait for a window of spec.windows"
    }
  }
}
