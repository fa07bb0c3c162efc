import ImageSources
import Serving
import Warming
import PrepullAPI
import Kubernetes

/// What sources give.
extension FleetBoard {
  /// The sources of all Prepulls, as they are asked; of several that ask the same, the shortest interval holds.
  func sourceRequests() -> [SourceKey: SourceRequest] {
    var requests: [SourceKey: SourceRequest] = [:]
    for entry in prepulls.values where !entry.isLeaving && !entry.isFinished {
      for (source, key) in zip(entry.settings?.sources ?? [], entry.sourceKeys) {
        let known = entry.answer(of: key)
        let interval = min(source.interval, requests[key]?.interval ?? source.interval)
        requests[key] = SourceRequest(interval: interval, known: known ?? requests[key]?.known)
      }
    }
    return requests
  }

  mutating func sourced(_ change: SourceDesk.Change) {
    for (uid, entry) in prepulls where entry.sourceKeys.contains(change.key) {
      let old = entry.sources[change.key]
      guard old != change.answer else { continue }
      prepulls[uid]?.sources[change.key] = change.answer
      if let problem = change.answer.problem, old?.problem != problem {
        tell(problem.reason, "\(change.key.source.name): \(problem.message)", isWarning: true, about: entry.object)
      }
      plan(uid)
      statusChanged(uid)
    }
  }

  /// Metrics of a Prepull's sources.
  func measureSources(of entry: PrepullEntry) {
    for key in entry.sourceKeys {
      guard let answer = entry.answer(of: key) else { continue }
      let (prepull, source) = (entry.id.key, key.source.name)
      metrics.sourceImages.set(Double(answer.images?.count ?? 0), prepull, source)
      if let time = answer.updatedAt { metrics.sourceUpdated.set(time / .seconds(1), prepull, source) }
      metrics.sourceFailing.set(answer.problem == nil ? 0 : 1, prepull, source)
    }
  }
}

extension PrepullEntry {
  /// One for each source of the spec, in their order.
  var sourceKeys: [SourceKey] {
    guard let settings else { return [] }
    return settings.sources.map { SourceKey($0, namespace: id.namespace, pullSecrets: settings.imagePullSecrets) }
  }

  /// What is known of a source: from now, or from an earlier life of the operator by the Prepull's status.
  func answer(of key: SourceKey) -> SourceAnswer? {
    if let answer = sources[key] { return answer }
    guard let status = prepull.status?.sources?.first(where: { $0.id == key.id }), let images = status.images else {
      return nil
    }
    return SourceAnswer(images: images, updatedAt: Duration(timestamp: status.updatedAt))
  }

  /// A source that never gave a list as it is asked now; nil when all did.
  var pendingSource: (key: SourceKey, problem: SourceAnswer.Problem?)? {
    for key in sourceKeys {
      let answer = answer(of: key)
      if answer?.images == nil { return (key, answer?.problem) }
    }
    return nil
  }

  /// Whether it is not known yet what is wanted: a source never gave a list, or the machine was not told of the last one
  /// so far.
  var awaitsSources: Bool {
    guard !sourceKeys.isEmpty else { return false }
    return pendingSource != nil || plan?.images.map(\.reference) != images.map(\.reference)
  }

  /// The first source that gives nothing now.
  var failingSource: (key: SourceKey, answer: SourceAnswer, problem: SourceAnswer.Problem)? {
    for key in sourceKeys {
      if let answer = answer(of: key), let problem = answer.problem { return (key, answer, problem) }
    }
    return nil
  }

  /// The images of all sources with the reason of each, whether every source gave a list, and the reasons of those that
  /// did: of them it is known what they do not want any more.
  var sourcedImages: (images: [(reference: String, wantedBy: [String])], isComplete: Bool, answered: Set<String>) {
    var images: [(reference: String, wantedBy: [String])] = []
    var (answered, silent): (Set<String>, Set<String>) = ([], [])
    for key in sourceKeys {
      let reason = SourceKey.reason(key.source.name)
      if let list = answer(of: key)?.images {
        images += list.map { ($0, [reason]) }
        answered.insert(reason)
      } else {
        silent.insert(reason)
      }
    }
    return (images, silent.isEmpty, answered.subtracting(silent))
  }

  /// How the sources stand.
  var sourceStatuses: [Prepull.SourceStatus]? {
    let keys = sourceKeys
    guard !keys.isEmpty else { return nil }
    return keys.map { key in
      var status = Prepull.SourceStatus(source: key.source.name, id: key.id)
      let answer = answer(of: key)
      status.images = answer?.images
      status.updatedAt = answer?.updatedAt?.timestamp
      status.reason = answer?.problem?.reason
      status.message = answer?.problem?.message
      return status
    }
  }
}

extension SourceKey {
  /// In `wantedBy` of an image.
  static func reason(_ name: String) -> String { "source \(name)" }

  /// Whether a text of `wantedBy` is such.
  static func isReason(_ text: String) -> Bool { text.hasPrefix("source ") }
}
