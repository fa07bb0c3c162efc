import Serving
import Warming
import PrepullAPI
import Documents
import Kubernetes

extension FleetBoard {
  /// How long an older state may still come by the watch after a status was written.
  private static let echo = Duration.seconds(3)

  /// A Prepull's status is to be looked at again.
  mutating func statusChanged(_ uid: String) {
    guard let entry = prepulls[uid], !entry.isLeaving else { return }
    writes.want(.status(uid), at: max(time, (entry.statusWrittenAt ?? .zero) + pace.statusInterval))
  }

  mutating func statusWrite(_ uid: String) -> ControllerEffect.Write? {
    guard isSynced, let entry = prepulls[uid], !entry.isLeaving else { return nil }
    // A status tells of what is asked for now, not before it was edited.
    guard entry.plan?.generation == entry.generation || entry.problem != nil else { return nil }
    let summary = machine.summary(of: entry.id)
    let answers = answers
    let isRecent = entry.statusWrittenAt.map { $0 + Self.echo > time } ?? false
    let last = isRecent ? entry.written : entry.prepull.status
    let report = PrepullReport(
      entry: entry, last: last, summary: summary, mayOpenGates: mayOpenGates,
      answers: { answers[entry.answerKey(of: $0)] }, now: time.timestamp)
    let status = report.status
    measure(entry, status)
    guard status != last, var patch = try? JSON(encoding: status) else { return nil }
    for field in ["finishedAt", "sources"] where patch[field] == nil { patch[field] = .null }
    prepulls[uid]?.written = status
    prepulls[uid]?.statusWrittenAt = time
    announce(status, after: last, entry)
    return .patchPrepull(
      namespace: entry.id.namespace, name: entry.id.name, .merge(["status": patch]), subresource: "status")
  }

  mutating func statusWritten(_ uid: String, _ answer: ControllerEffect.Answer) {
    if case .failed = answer { prepulls[uid]?.statusWrittenAt = nil }
  }

  private func measure(_ entry: PrepullEntry, _ status: Prepull.Status) {
    let name = entry.id.key
    if let nodes = status.nodes {
      for (state, count) in [
        ("desired", nodes.desired), ("warm", nodes.warm), ("pulling", nodes.pulling), ("pending", nodes.pending),
        ("failed", nodes.failed), ("unreachable", nodes.unreachable), ("unsupported", nodes.unsupported),
      ] {
        metrics.nodes.set(Double(count), name, state)
      }
    }
    for image in status.images ?? [] {
      metrics.imageNodes.set(Double(image.warm), name, image.image, "warm")
      metrics.imageNodes.set(Double(image.failed), name, image.image, "failed")
      metrics.imageNodes.set(Double(image.unsupported ?? 0), name, image.image, "unsupported")
    }
    measureSources(of: entry)
    for condition in status.conditions ?? [] { metrics.condition.set(condition.isTrue ? 1 : 0, name, condition.type) }
  }

  /// Events tell what conditions come to: one for all nodes.
  private mutating func announce(_ new: Prepull.Status, after old: Prepull.Status?, _ entry: PrepullEntry) {
    for condition in new.conditions ?? [] {
      let last = old?.conditions?[condition.type]
      guard last?.status != condition.status || last?.reason != condition.reason else { continue }
      switch (condition.type, condition.isTrue) {
      case ("Ready", true), ("Complete", true): tell(condition.reason, condition.message, about: entry.object)
      case ("Degraded", true): tell(condition.reason, condition.message, isWarning: true, about: entry.object)
      case ("Progressing", false) where condition.reason == "MaxFailuresReached":
        tell(condition.reason, condition.message, isWarning: true, about: entry.object)
      default: break
      }
    }
  }

  // MARK: Changes

  mutating func take(_ event: FleetEvent) {
    switch event {
    case .imageFailed(_, _, let reference, let failure, _, _):
      metrics.pullFailures.add(1, reference, failure.reason)
    case .imageLost: metrics.imagesLost.add()
    // A node that was there long before says nothing about how long new nodes take.
    case .nodeWarm(_, let age): if age < .seconds(3600) { metrics.nodeWarm.observe(age) }
    case .digestMoved(let id, _, let reference):
      if let key = prepulls[id.uid]?.key(of: reference) { effects.append(.doubt(key)) }
    case .imageWarm, .podLost, .imageRefused, .refusalLifted, .paused, .resumed, .completed: break
    }
  }
}
