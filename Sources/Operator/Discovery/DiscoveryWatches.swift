import Workloads
import Kubernetes
import Networking

/// The watches of discovery: so many at a time, whatever there is to be seen.
struct DiscoveryWatches: Sendable {
  /// One watch.
  struct Source: Hashable, Sendable {
    /// What it covers; there is one watch of a place at a time.
    struct Place: Hashable, Sendable {
      let kind: WorkloadKind
      /// Nil for all.
      let namespace: String?
    }

    let place: Place
    /// Those of which anything is kept.
    var namespaces: Set<String>
    /// Tells a watch from one that was there before.
    let serial: Int
  }

  enum Sight: Sendable {
    case listed([WorkloadEntry])
    case put(WorkloadEntry)
    case removed(namespace: String, name: String)
    /// It is tried again; what is final, after a while.
    case failed(APIError, isFinal: Bool)
  }

  /// Least time from one to the next list of a namespace that has no watch.
  private static let listPause = Duration.milliseconds(200)

  private let client: KubernetesClient
  private let monitor: WatchMonitor?
  private let retryAfter: Duration
  private let places: ConcurrencyLimit
  private let lists = ConcurrencyLimit(1)

  init(client: KubernetesClient, monitor: WatchMonitor?, retryAfter: Duration, limit: Int) {
    self.client = client
    self.monitor = monitor
    self.retryAfter = retryAfter
    places = ConcurrencyLimit(limit)
  }

  /// Watches until `ended` ends or the task is cancelled.
  func run(_ source: Source, until ended: AsyncStream<Never>, _ report: @escaping @Sendable (Sight) -> Void) async {
    let part = WatchMonitor.Part(source.place)
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        switch source.place.kind {
        case .deployment: await watch(WorkloadObject<DeploymentShape>.self, source, part, report)
        case .statefulSet: await watch(WorkloadObject<StatefulSetShape>.self, source, part, report)
        case .daemonSet: await watch(WorkloadObject<DaemonSetShape>.self, source, part, report)
        case .cronJob: await watch(WorkloadObject<CronJobShape>.self, source, part, report)
        case .job: await watch(WorkloadObject<JobShape>.self, source, part, report)
        case .pod: await watch(WorkloadObject<PodShape>.self, source, part, report)
        case .replicaSet: await watch(WorkloadObject<ReplicaSetShape>.self, source, part, report)
        case .controllerRevision: await watch(WorkloadObject<ControllerRevisionShape>.self, source, part, report)
        case .replicationController: break  // neither in `present` nor in `past`
        }
      }
      group.addTask { for await _ in ended {} }
      await group.next()
      group.cancelAll()
    }
  }

  /// A place is watched from now on, and no more.
  func began(_ place: Source.Place) { monitor?.begin(WatchMonitor.Part(place)) }
  func ended(_ place: Source.Place) { monitor?.end(WatchMonitor.Part(place)) }

  private func watch<Shape>(
    _ type: WorkloadObject<Shape>.Type, _ source: Source, _ part: WatchMonitor.Part,
    _ report: @escaping @Sendable (Sight) -> Void
  ) async {
    repeat {
      do {
        do {
          try await places.run(waitingAtMost: .milliseconds(10)) {
            try await follow(type, source, part, report)
          }
        } catch is TimeLimitReached {
          // There are more namespaces than watches: this one is looked at now and then.
          try await lists.run {
            let list = try await client.list(type, in: source.place.namespace).items
            report(.listed(list.compactMap(WorkloadEntry.init)))
            try await Task.sleep(for: Self.listPause)
          }
        }
      } catch let error as APIError {
        report(.failed(error, isFinal: true))
        // Then each namespace is watched by itself.
        if source.place.namespace == nil, error.code == .forbidden { return }
        monitor?.note(part, .failed(error))
      } catch {
        // Cancelled.
        return
      }
    } while (try? await Task.sleep(for: retryAfter)) != nil
  }

  private func follow<Shape>(
    _ type: WorkloadObject<Shape>.Type, _ source: Source, _ part: WatchMonitor.Part,
    _ report: @escaping @Sendable (Sight) -> Void
  ) async throws {
    func entry(_ object: WorkloadObject<Shape>) -> WorkloadEntry? {
      guard let namespace = object.metadata.namespace, source.namespaces.contains(namespace) else { return nil }
      return WorkloadEntry(object)
    }
    let watch = client.watch(
      type, in: source.place.namespace, onProgress: { progress in monitor?.note(part, progress) })
    for try await event in watch {
      switch event {
      case .restarted(let objects): report(.listed(objects.compactMap(entry)))
      case .applied(let object):
        if let entry = entry(object) {
          report(.put(entry))
        } else {
          remove(object.metadata, source, report)
        }
      case .deleted(let object): remove(object.metadata, source, report)
      case .failed(let error, _): report(.failed(error, isFinal: false))
      }
    }
  }

  private func remove(_ metadata: ObjectMeta, _ source: Source, _ report: (Sight) -> Void) {
    guard let namespace = metadata.namespace, source.namespaces.contains(namespace) else { return }
    report(.removed(namespace: namespace, name: metadata.name ?? ""))
  }
}

extension WatchMonitor.Part {
  fileprivate init(_ place: DiscoveryWatches.Source.Place) {
    let kind = place.kind == .pod ? "workloadpods" : place.kind.plural
    self.init(
      resource: kind, name: kind + (place.namespace.map { " in \($0)" } ?? ""), isEssential: false,
      isSingle: place.namespace == nil)
  }
}
