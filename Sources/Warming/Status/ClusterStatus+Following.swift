package import Kubernetes

extension ClusterStatus {
  private enum Change: Sendable {
    case nodes(WatchEvent<Node>)
    case sets(WatchEvent<DaemonSet>)
    case pods(WatchEvent<Pod>)
    case events(WatchEvent<Event>)
    case failed(any Error)
    case tick
  }

  /// Goes on telling it, whenever something changed, but not more often than twice a second.
  ///
  /// Returns when `onUpdate` says that it has seen enough.
  /// - Parameters:
  ///   - deadline: when to return at the latest.
  ///   - onUpdate: gets the status; true ends it.
  /// - Throws: `APIError` when a watch ends for good, `CancellationError`.
  package static func follow(
    client: KubernetesClient, namespace: String?, name: String? = nil,
    deadline: ContinuousClock.Instant? = nil, onUpdate: (ClusterStatus) -> Bool
  ) async throws {
    let selector = selector(name)
    let (changes, continuation) = AsyncStream<Change>.makeStream()
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { await forward(client.watch(Node.self), continuation) { .nodes($0) } }
      group.addTask {
        await forward(client.watch(DaemonSet.self, in: namespace, labels: selector), continuation) { .sets($0) }
      }
      group.addTask {
        await forward(client.watch(Pod.self, in: namespace, labels: selector), continuation) { .pods($0) }
      }
      group.addTask {
        // Without them there is no word of why pods are refused.
        await forward(client.watch(Event.self, in: namespace, fields: refusalFields), continuation, isVital: false) {
          .events($0)
        }
      }
      group.addTask {
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { continuation.yield(.tick) }
      }
      var nodes: ObjectStore<Node>? = nil
      var sets: ObjectStore<DaemonSet>? = nil
      var pods: ObjectStore<Pod>? = nil
      var events: ObjectStore<Event>? = nil
      var isNew = false
      for await change in changes {
        switch change {
        case .nodes(let event): take(event, &nodes, &isNew)
        case .sets(let event): take(event, &sets, &isNew)
        case .pods(let event): take(event, &pods, &isNew)
        case .events(let event): take(event, &events, &isNew)
        case .failed(let error): throw error
        case .tick:
          if let deadline, ContinuousClock.now >= deadline {
            group.cancelAll()
            return
          }
          guard isNew, let nodes, let sets, let pods else { continue }
          isNew = false
          let status = ClusterStatus(
            nodes: Array(nodes.objects.values), daemonSets: Array(sets.objects.values),
            pods: Array(pods.objects.values), events: events.map { Array($0.objects.values) } ?? [])
          if onUpdate(status) {
            group.cancelAll()
            return
          }
        }
      }
      throw CancellationError()
    }
  }

  private static func take<R: Resource>(_ event: WatchEvent<R>, _ store: inout ObjectStore<R>?, _ isNew: inout Bool) {
    if case .failed = event { return }
    if store == nil {
      store = ObjectStore()
      isNew = true
    }
    if store?.apply(event).isEmpty == false { isNew = true }
  }

  private static func forward<R: Resource>(
    _ watch: WatchSequence<R>, _ continuation: AsyncStream<Change>.Continuation, isVital: Bool = true,
    _ change: @Sendable (WatchEvent<R>) -> Change
  ) async {
    do {
      for try await event in watch { continuation.yield(change(event)) }
    } catch {
      if isVital, !(error is CancellationError) { continuation.yield(.failed(error)) }
    }
  }
}
