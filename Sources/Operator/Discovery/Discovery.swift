import Serving
import Workloads
package import Warming
import Kubernetes
import Logging

/// Finds the images that workloads use, as soon as they are written.
///
/// Each kind is watched once, in all namespaces, and only of those that some Prepull names anything is kept; where that
/// is not allowed, each namespace is watched by itself. What is lost sight of keeps its last good list. Good for one
/// `run`.
package actor Discovery {
  /// What a Prepull finds changed.
  package struct Change: Sendable {
    package let id: PrepullID
    package let found: DiscoveredImages
  }

  private typealias Scope = WorkloadIndex.Scope
  typealias Source = DiscoveryWatches.Source

  private enum Signal: Sendable {
    case wanted
    case seen(Source, DiscoveryWatches.Sight)
    case publish
    /// Somebody may have allowed what was forbidden.
    case forgive
  }

  /// Changes that come together are reported together.
  private static let pause = Duration.milliseconds(300)
  /// Least time between two lists of all namespaces because of a namespace that was added.
  private static let listPause = Duration.seconds(2)

  /// Every change, in order; for one reader. Ends when `run` does.
  package nonisolated let changes: AsyncStream<Change>

  private nonisolated let published: AsyncStream<Change>.Continuation
  private nonisolated let signals: AsyncStream<Signal>
  private nonisolated let signal: AsyncStream<Signal>.Continuation
  private nonisolated let watches: DiscoveryWatches
  private nonisolated let metrics: ControllerMetrics
  private nonisolated let retryAfter: Duration
  private nonisolated let logger: Logger
  private var requests: [PrepullID: DiscoveryRequest] = [:]
  private var reported: [PrepullID: DiscoveredImages] = [:]
  private var index = WorkloadIndex()
  /// The watches there are; ending a stream ends its watch.
  private var running: [Source.Place: (source: Source, end: AsyncStream<Never>.Continuation)] = [:]
  private var problems: [Source.Place: String] = [:]
  /// Kinds that may not be watched in all namespaces.
  private var refused: Set<WorkloadKind> = []
  private var serial = 0
  private var listedAt: ContinuousClock.Instant?
  private var isPublishing = false
  private var isListing = false

  /// - Parameters:
  ///   - retryAfter: when something is tried again that was refused.
  ///   - limit: watches at a time.
  init(
    client: KubernetesClient, metrics: ControllerMetrics, monitor: WatchMonitor? = nil,
    retryAfter: Duration = .seconds(30), limit: Int = 60, logger: Logger
  ) {
    watches = DiscoveryWatches(client: client, monitor: monitor, retryAfter: retryAfter, limit: limit)
    self.metrics = metrics
    self.retryAfter = retryAfter
    self.logger = logger
    (changes, published) = AsyncStream.makeStream()
    (signals, signal) = AsyncStream.makeStream()
  }

  /// Replaces all that is wanted.
  ///
  /// A Prepull is reported first when everything that it asks for was listed, or could not be.
  package func want(_ requests: [PrepullID: DiscoveryRequest]) {
    for (id, request) in requests where self.requests[id] != request { reported[id] = nil }
    reported = reported.filter { requests[$0.key] != nil }
    self.requests = requests
    signal.yield(.wanted)
  }

  /// Watches until it is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { [signal, retryAfter] in
        while (try? await Task.sleep(for: retryAfter * 20)) != nil { signal.yield(.forgive) }
      }
      for await event in signals {
        switch event {
        case .wanted:
          begin(follow(), in: &group)
          schedulePublishing(in: &group)
        case .forgive:
          refused = []
          begin(follow(), in: &group)
        case .seen(let source, let sight):
          guard running[source.place]?.source.serial == source.serial else { break }
          let known = refused
          if take(sight, of: source) { schedulePublishing(in: &group) }
          if refused != known { begin(follow(), in: &group) }
        case .publish:
          isPublishing = false
          publish()
        }
      }
      group.cancelAll()
    }
    for place in Array(running.keys) { stop(place) }
    published.finish()
  }

  // MARK: Watches

  private var namespaces: Set<String> {
    requests.values.reduce(into: Set<String>()) { $0.formUnion($1.namespaces) }
  }

  /// Revisions are looked at only where somebody asks for earlier ones.
  private static func kinds(for requests: [DiscoveryRequest]) -> [WorkloadKind] {
    WorkloadKind.present + (requests.contains { $0.history > 0 } ? WorkloadKind.past : [])
  }

  /// Ends watches that nobody needs any more; returns those to begin.
  private func follow() -> [(Source, AsyncStream<Never>)] {
    let namespaces = namespaces
    let kinds = Self.kinds(for: Array(requests.values))
    var places: Set<Source.Place> = []
    for kind in namespaces.isEmpty ? [] : kinds {
      if refused.contains(kind) {
        for namespace in namespaces { places.insert(Source.Place(kind: kind, namespace: namespace)) }
      } else {
        places.insert(Source.Place(kind: kind, namespace: nil))
      }
    }
    for place in running.keys where !places.contains(place) { stop(place) }
    index.retain(
      Set(namespaces.flatMap { namespace in kinds.map { Scope(kind: $0, namespace: namespace) } }))
    let isEarly = listedAt.map { $0.duration(to: .now) < Self.listPause } ?? false
    var begun: [(Source, AsyncStream<Never>)] = []
    for place in places {
      if let old = running[place]?.source {
        let covered = old.namespaces.intersection(namespaces)
        running[place]?.source.namespaces = covered
        guard place.namespace == nil, covered != namespaces else { continue }
        // What a namespace has that is new here only a list says.
        if isEarly {
          scheduleListing()
          continue
        }
        stop(place)
      }
      serial += 1
      let source = Source(place: place, namespaces: namespaces, serial: serial)
      let (ended, end) = AsyncStream<Never>.makeStream()
      running[place] = (source, end)
      watches.began(place)
      begun.append((source, ended))
      if place.namespace == nil { listedAt = .now }
    }
    return begun
  }

  private func stop(_ place: Source.Place) {
    running.removeValue(forKey: place)?.end.finish()
    problems[place] = nil
    watches.ended(place)
  }

  private func begin(_ sources: [(Source, AsyncStream<Never>)], in group: inout DiscardingTaskGroup) {
    for (source, ended) in sources {
      group.addTask { [watches, signal] in
        await watches.run(source, until: ended) { signal.yield(.seen(source, $0)) }
      }
    }
  }

  private func scheduleListing() {
    guard !isListing else { return }
    isListing = true
    Task { [weak self] in
      try? await Task.sleep(for: Self.listPause)
      await self?.listAgain()
    }
  }

  private func listAgain() {
    isListing = false
    signal.yield(.wanted)
  }

  // MARK: What is seen

  /// - Returns: whether there is something to report.
  private func take(_ sight: DiscoveryWatches.Sight, of source: Source) -> Bool {
    switch sight {
    case .listed(let entries):
      let hadProblem = problems.removeValue(forKey: source.place) != nil
      var isChanged = hadProblem
      let byNamespace = Dictionary(grouping: entries, by: \.key.namespace)
      for namespace in running[source.place]?.source.namespaces ?? [] {
        guard source.place.namespace == nil || source.place.namespace == namespace else { continue }
        let scope = Scope(kind: source.place.kind, namespace: namespace)
        if index.apply(.listed(byNamespace[namespace] ?? []), in: scope) { isChanged = true }
      }
      return isChanged
    case .put(let entry):
      let hadProblem = problems.removeValue(forKey: source.place) != nil
      return index.apply(.put(entry), in: Scope(kind: source.place.kind, namespace: entry.key.namespace)) || hadProblem
    case .removed(let namespace, let name):
      let hadProblem = problems.removeValue(forKey: source.place) != nil
      return index.apply(.removed(name), in: Scope(kind: source.place.kind, namespace: namespace)) || hadProblem
    case .failed(let error, let isFinal):
      if source.place.namespace == nil, error.code == .forbidden, isFinal {
        logger.info(
          "workloads are watched by namespace, as not all may be seen",
          metadata: ["kind": "\(source.place.kind.rawValue)", "error": "\(error)"])
        refused.insert(source.place.kind)
        return false
      }
      // What is listed stays good while a watch heals.
      let isListed = source.namespaces.allSatisfy {
        index.isListed(Scope(kind: source.place.kind, namespace: $0))
      }
      guard isFinal || !isListed else { return false }
      problems[source.place] = error.description
      return true
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

  private func problem(of scope: Scope) -> String? {
    problems[Source.Place(kind: scope.kind, namespace: scope.namespace)]
      ?? problems[Source.Place(kind: scope.kind, namespace: nil)]
  }

  private func publish() {
    for (id, request) in requests {
      let scopes = request.namespaces.sorted().flatMap { namespace in
        Self.kinds(for: [request]).map { Scope(kind: $0, namespace: namespace) }
      }
      let unlisted = scopes.filter { !index.isListed($0) }
      guard unlisted.allSatisfy({ problem(of: $0) != nil }) else { continue }
      var found = DiscoveredImages()
      found.images = index.images(for: request)
      found.isComplete = unlisted.isEmpty
      found.problem = scopes.lazy.compactMap { self.problem(of: $0) }.first
      guard reported.updateValue(found, forKey: id) != found else { continue }
      metrics.discoveredImages.set(Double(found.images.count), "\(id.namespace)/\(id.name)")
      published.yield(Change(id: id, found: found))
    }
  }
}
