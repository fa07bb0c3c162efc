import Engines
package import Kubernetes
package import Logging
package import Planning

/// Finds the images that workloads use, as soon as they are written.
///
/// Watches what some Prepull asks for and nothing else. What is lost sight of keeps its last good list. Good for one
/// `run`.
package actor Discovery {
  /// What a Prepull finds changed.
  package struct Change: Sendable {
    package let id: PrepullID
    package let found: DiscoveredImages
  }

  private typealias Scope = WorkloadIndex.Scope

  private enum Signal: Sendable {
    case wanted
    case told(Scope, WorkloadIndex.Event)
    case failed(Scope, APIError, isFinal: Bool)
    case publish
  }

  /// Changes that come together are told together.
  private static let pause = Duration.milliseconds(300)

  /// Every change, in order; for one reader. Ends when `run` does.
  package nonisolated let changes: AsyncStream<Change>

  private nonisolated let published: AsyncStream<Change>.Continuation
  private nonisolated let signals: AsyncStream<Signal>
  private nonisolated let signal: AsyncStream<Signal>.Continuation
  private nonisolated let client: KubernetesClient
  private nonisolated let metrics: ControllerMetrics
  private nonisolated let retryAfter: Duration
  private nonisolated let logger: Logger
  private var requests: [PrepullID: DiscoveryRequest] = [:]
  private var told: [PrepullID: DiscoveredImages] = [:]
  private var index = WorkloadIndex()
  /// Ending a stream ends its watch.
  private var watches: [Scope: AsyncStream<Never>.Continuation] = [:]
  private var problems: [Scope: String] = [:]
  private var isPublishing = false

  /// - Parameter retryAfter: when something is tried again that was refused.
  package init(
    client: KubernetesClient, metrics: ControllerMetrics, retryAfter: Duration = .seconds(30), logger: Logger
  ) {
    self.client = client
    self.metrics = metrics
    self.retryAfter = retryAfter
    self.logger = logger
    (changes, published) = AsyncStream.makeStream()
    (signals, signal) = AsyncStream.makeStream()
  }

  /// Replaces all that is wanted.
  ///
  /// A Prepull is told first when everything that it asks for was listed, or could not be.
  package func want(_ requests: [PrepullID: DiscoveryRequest]) {
    for (id, request) in requests where self.requests[id] != request { told[id] = nil }
    told = told.filter { requests[$0.key] != nil }
    self.requests = requests
    signal.yield(.wanted)
  }

  /// Watches until it is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for await event in signals {
        switch event {
        case .wanted:
          for (scope, ended) in follow() { group.addTask { await self.watch(scope, until: ended) } }
          schedulePublishing(in: &group)
        case .told(let scope, let event):
          guard watches[scope] != nil else { break }
          let isNews = problems.removeValue(forKey: scope) != nil
          if index.apply(event, in: scope) || isNews { schedulePublishing(in: &group) }
        case .failed(let scope, let error, let isFinal):
          // What is listed stays good while a watch heals.
          guard watches[scope] != nil, isFinal || !index.isListed(scope) else { break }
          problems[scope] = error.description
          schedulePublishing(in: &group)
        case .publish:
          isPublishing = false
          publish()
        }
      }
      group.cancelAll()
    }
    published.finish()
  }

  /// Ends watches that nobody needs any more; returns those to begin.
  private func follow() -> [(Scope, AsyncStream<Never>)] {
    let namespaces = requests.values.reduce(into: Set<String>()) { $0.formUnion($1.namespaces) }
    let scopes = Set(
      namespaces.flatMap { namespace in WorkloadKind.allCases.map { Scope(kind: $0, namespace: namespace) } })
    for (scope, end) in watches where !scopes.contains(scope) {
      end.finish()
      watches[scope] = nil
      problems[scope] = nil
    }
    index.retain(scopes)
    return scopes.subtracting(watches.keys).map { scope in
      let (ended, end) = AsyncStream<Never>.makeStream()
      watches[scope] = end
      return (scope, ended)
    }
  }

  private func schedulePublishing(in group: inout DiscardingTaskGroup) {
    guard !isPublishing else { return }
    isPublishing = true
    group.addTask { [signal] in
      try? await Task.sleep(for: Self.pause)
      signal.yield(.publish)
    }
  }

  private func publish() {
    for (id, request) in requests {
      let scopes = request.namespaces.sorted().flatMap { namespace in
        WorkloadKind.allCases.map { Scope(kind: $0, namespace: namespace) }
      }
      let unlisted = scopes.filter { !index.isListed($0) }
      guard unlisted.allSatisfy({ problems[$0] != nil }) else { continue }
      var found = DiscoveredImages()
      found.images = index.images(for: request)
      found.isComplete = unlisted.isEmpty
      found.problem = scopes.lazy.compactMap { self.problems[$0] }.first
      guard told.updateValue(found, forKey: id) != found else { continue }
      metrics.discoveredImages.set(Double(found.images.count), "\(id.namespace)/\(id.name)")
      published.yield(Change(id: id, found: found))
    }
  }

  // MARK: Watching

  private nonisolated func watch(_ scope: Scope, until ended: AsyncStream<Never>) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        switch scope.kind {
        case .deployment: await self.watch(WorkloadObject<DeploymentShape>.self, scope)
        case .statefulSet: await self.watch(WorkloadObject<StatefulSetShape>.self, scope)
        case .daemonSet: await self.watch(WorkloadObject<DaemonSetShape>.self, scope)
        case .cronJob: await self.watch(WorkloadObject<CronJobShape>.self, scope)
        case .job: await self.watch(WorkloadObject<JobShape>.self, scope)
        case .pod: await self.watch(WorkloadObject<PodShape>.self, scope)
        }
      }
      group.addTask { for await _ in ended {} }
      await group.next()
      group.cancelAll()
    }
  }

  private nonisolated func watch<Shape>(_ type: WorkloadObject<Shape>.Type, _ scope: Scope) async {
    repeat {
      do {
        for try await event in client.watch(type, in: scope.namespace) {
          switch event {
          case .restarted(let objects): signal.yield(.told(scope, .listed(objects.compactMap(WorkloadEntry.init))))
          case .applied(let object):
            let entry = WorkloadEntry(object)
            signal.yield(.told(scope, entry.map { .put($0) } ?? .removed(object.metadata.name ?? "")))
          case .deleted(let object): signal.yield(.told(scope, .removed(object.metadata.name ?? "")))
          case .failed(let error, _): signal.yield(.failed(scope, error, isFinal: false))
          }
        }
      } catch let error as APIError {
        logger.debug("discovery is refused", metadata: ["error": "\(error)"])
        signal.yield(.failed(scope, error, isFinal: true))
      } catch {
        // Cancelled.
        return
      }
    } while (try? await Task.sleep(for: retryAfter)) != nil
  }
}
