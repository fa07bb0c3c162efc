import Warming
package import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Collects what kubelets tell of images for longer than events live.
package struct UsageCollector: Sendable {
  private enum Signal: Sendable {
    case listed(String)
    case event(Event, reason: String)
    case pods(Set<String>)
    case pod(String)
    case podGone(String)
    /// A pod of Prepull's own.
    case own(String)
    case due
    case ended(APIError)
  }

  private let client: KubernetesClient
  private let scope: UsageReader.Scope
  private let pause: Duration
  private let now: @Sendable () -> Double

  /// - Parameter pause: between two times that the record is handed out.
  package init(
    client: KubernetesClient, scope: UsageReader.Scope, pause: Duration = .seconds(10),
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.client = client
    self.scope = scope
    self.pause = pause
    self.now = now
  }

  /// Collects until it is cancelled.
  ///
  /// - Parameter handle: gets the record at first, at regular times, and in the end, when it is cancelled already.
  /// - Throws: `APIError` when events may not be read, and what `handle` throws.
  package func run(_ record: UsageRecord, _ handle: (UsageRecord) async throws -> Void) async throws {
    var record = record
    let reader = UsageReader(client: client, scope: scope)
    var outcome = UsageReader.Outcome()
    try await reader.readNodes(into: &outcome)
    let knowsNodes = !outcome.survey.nodes.isEmpty
    var selection: PodSelection?
    // Those that are gone are known as long as events may tell of them.
    var own = PodSelection()
    var late = LateNotices()
    let (signals, signal) = AsyncStream<Signal>.makeStream()
    func note(_ notice: PullNotice) {
      var start = notice.start
      if knowsNodes, let node = notice.node {
        // One that was not there in the beginning joined since.
        outcome.survey.add(node: node, system: "", joined: start.time, images: [])
        start.isOnNewNode = outcome.survey.isNew(node, at: start.time)
      }
      record.history.note(start, as: ImageKey(start.image), now: now())
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      func watchEvents() {
        for reason in UsageReader.reasons {
          group.addTask { await watch(reason, signal) }
        }
      }
      group.addTask { await watchOwnPods(signal) }
      if scope.labels == nil { watchEvents() } else { group.addTask { await watchPods(signal) } }
      group.addTask {
        while (try? await Task.sleep(for: pause)) != nil { signal.yield(.due) }
      }
      defer { group.cancelAll() }
      for await next in signals {
        switch next {
        case .pods(let names):
          // Before that nobody knows whose events count.
          if selection == nil {
            selection = PodSelection()
            watchEvents()
          }
          selection?.replace(by: names, at: now())
        case .pod(let name): selection?.add(name)
        case .podGone(let name):
          selection?.remove(name, at: now())
          own.remove(name, at: now())
        case .own(let name): own.add(name)
        case .event(let event, let reason):
          // What a list had already, and restarts of one container, are nothing new.
          guard record.isNews(event, reason) else { break }
          record.saw(reason, upTo: event.version, at: now())
          guard event.count ?? 1 == 1, let notice = PullNotice(event), !notice.isOwn,
            !own.names.contains(notice.podName)
          else { break }
          if selection?.names.contains(notice.podName) ?? true { note(notice) } else { late.add(notice) }
        case .listed(let reason):
          let time = now()
          outcome.selected = selection?.names
          outcome.own = own.names
          try await reader.readEvents(
            reason, into: &record, &outcome, since: time - UsageReader.eventsLive, now: time)
          try await handle(record)
        case .due:
          let time = now()
          late.settle(selection).forEach(note)
          selection?.trim(at: time)
          own.trim(at: time)
          // Longer than events live, nobody knows: this machine may have slept.
          record.history.watch(
            from: max(record.history.watchedUntil ?? time, time - UsageReader.eventsLive), to: time)
          record.history.trim(now: time)
          try await handle(record)
        case .ended(let error): throw error
        }
      }
      late.settle(selection).forEach(note)
      try await handle(record)
    }
    try Task.checkCancellation()
  }

  private func watch(_ reason: String, _ signal: AsyncStream<Signal>.Continuation) async {
    let events = client.watch(
      Event.self, in: scope.namespace, fields: UsageReader.fields(reason), startsNow: true)
    await follow(events, signal) { event in
      switch event {
      // What was reported between two watches is in a list.
      case .restarted: .listed(reason)
      case .applied(let event): .event(event, reason: reason)
      case .deleted, .failed: nil
      }
    }
  }

  private func watchPods(_ signal: AsyncStream<Signal>.Continuation) async {
    let pods = client.watch(PodSelection.Member.self, in: scope.namespace, labels: scope.labels)
    await follow(pods, signal) { event in
      switch event {
      case .restarted(let pods): .pods(Set(pods.map(\.name)))
      case .applied(let pod): .pod(pod.name)
      case .deleted(let pod): .podGone(pod.name)
      case .failed: nil
      }
    }
  }

  /// Who may not see pods, but events, does without: names tell most of it.
  private func watchOwnPods(_ signal: AsyncStream<Signal>.Continuation) async {
    let pods = client.watch(PodSelection.Member.self, in: scope.namespace, labels: RunObjects.Key.ours)
    do {
      for try await event in pods {
        switch event {
        case .restarted(let pods): for pod in pods { signal.yield(.own(pod.name)) }
        case .applied(let pod): signal.yield(.own(pod.name))
        case .deleted(let pod): signal.yield(.podGone(pod.name))
        case .failed: break
        }
      }
    } catch {
      // Refused or cancelled; the other watches tell which.
    }
  }

  /// Hands on what a watch tells, and how it ends.
  private func follow<R: Resource>(
    _ watch: WatchSequence<R>, _ signal: AsyncStream<Signal>.Continuation, _ read: (WatchEvent<R>) -> Signal?
  ) async {
    do {
      for try await event in watch {
        if let read = read(event) { signal.yield(read) }
      }
    } catch let error as APIError {
      signal.yield(.ended(error))
    } catch {
      // Cancelled.
      signal.finish()
    }
  }
}

/// Notices of pods that are not known to be selected: a pod and the events of its images arrive in two ways, and the
/// second may be the quicker one.
private struct LateNotices {
  private var fresh: [PullNotice] = []
  private var old: [PullNotice] = []

  mutating func add(_ notice: PullNotice) { fresh.append(notice) }

  /// Those whose pods are selected by now; of the others those wait on that have not waited through a pause.
  mutating func settle(_ selection: PodSelection?) -> [PullNotice] {
    let all = old + fresh
    let isSelected: (PullNotice) -> Bool = { selection?.names.contains($0.podName) ?? true }
    old = fresh.filter { !isSelected($0) }
    fresh = []
    return all.filter(isSelected)
  }
}
