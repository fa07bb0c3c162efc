import Kubernetes
import PrepullAPI
import Warming

/// Watches a cluster until nodes hold what is waited for.
struct WaitSession: Sendable {
  let client: KubernetesClient
  /// Of Prepulls and of what is kept.
  let namespace: String

  private enum Change: Sendable {
    case nodes(WatchEvent<Node>)
    case records(WatchEvent<WarmNode>)
    case prepulls(WatchEvent<Prepull>)
    case kept([ClusterStatus.Item])
    case noRecords
    case failed(any Error)
    case tick
  }

  /// Returns when all nodes are warm, when waiting is of no use, or at the deadline.
  ///
  /// - Parameter onChange: gets how far it is, whenever that changed.
  /// - Returns: the last verdict; nil where the cluster did not say enough in time.
  /// - Throws: `APIError` for what will not heal, `CancellationError`.
  func run(
    _ board: WaitBoard, until deadline: ContinuousClock.Instant, onChange: (WaitVerdict) -> Void
  ) async throws -> WaitVerdict? {
    var board = board
    for name in board.prepulls {
      // One that is not there is an error at once, as of kubectl wait.
      board.knownPrepulls[name] = try await client.get(Prepull.self, name, in: namespace)
    }
    let keeps = try await isAnythingKept()
    board.isKeptKnown = !keeps
    let (changes, continuation) = AsyncStream<Change>.makeStream()
    return try await withThrowingDiscardingTaskGroup { group in
      defer { group.cancelAll() }
      group.addTask { await forward(client.watch(Node.self), continuation) { .nodes($0) } }
      group.addTask { await forward(client.watch(WarmNode.self), continuation) { .records($0) } }
      // Those that nobody named only say more of nodes: who may not see them does without.
      group.addTask { [isExtra = board.prepulls.isEmpty] in
        await forward(client.watch(Prepull.self, in: namespace), continuation, isExtra: isExtra) { .prepulls($0) }
      }
      if keeps { group.addTask { await followKept(continuation) } }
      group.addTask { while (try? await Task.sleep(for: .milliseconds(250))) != nil { continuation.yield(.tick) } }
      var nodes = ObjectStore<Node>()
      var records = ObjectStore<WarmNode>()
      var prepulls = ObjectStore<Prepull>()
      var last: WaitVerdict?
      var isNew = true
      for await change in changes {
        switch change {
        case .nodes(let event):
          if case .failed = event { continue }
          isNew = !nodes.apply(event).isEmpty || board.nodes == nil || isNew
          board.nodes = Dictionary(nodes.objects.values.map { ($0.metadata.name ?? "", NodeFacts($0)) }) { $1 }
        case .records(let event):
          if case .failed = event { continue }
          isNew = board.take(records.apply(event)) || !board.isRecordKnown || isNew
          board.isRecordKnown = true
        case .prepulls(let event):
          if case .failed = event { continue }
          isNew = !prepulls.apply(event).isEmpty || isNew
          board.allPrepulls = Array(prepulls.objects.values)
          for name in board.prepulls {
            board.knownPrepulls[name] = prepulls.objects[.init(namespace: namespace, name: name)]
          }
        case .kept(let items):
          board.book.put(kept: items)
          board.isKeptKnown = true
          isNew = true
        case .noRecords:
          board.book.hasWarmNodes = false
          board.isRecordKnown = true
          isNew = true
        case .failed(let error): throw error
        case .tick:
          if isNew, let verdict = board.verdict() {
            isNew = false
            if verdict != last { onChange(verdict) }
            last = verdict
            if verdict.isWarm || verdict.end != nil { return verdict }
          }
          if ContinuousClock.now >= deadline { return last }
        }
      }
      throw CancellationError()
    }
  }

  /// Whether there are DaemonSets of ours in the namespace. Who may not see them does without.
  private func isAnythingKept() async throws -> Bool {
    do {
      return try await !client.list(DaemonSet.self, in: namespace, labels: RunObjects.Key.ours).items.isEmpty
    } catch let error as APIError where error.code == .forbidden {
      return false
    }
  }

  private func followKept(_ continuation: AsyncStream<Change>.Continuation) async {
    do {
      try await ClusterStatus.follow(client: client, namespace: namespace) { status in
        continuation.yield(.kept(status.items))
        return false
      }
    } catch let error as APIError where error.code == .forbidden {
      continuation.yield(.kept([]))
    } catch {
      if !(error is CancellationError) { continuation.yield(.failed(error)) }
    }
  }

  private func forward<R: Resource>(
    _ watch: WatchSequence<R>, _ continuation: AsyncStream<Change>.Continuation, isExtra: Bool = false,
    _ change: @Sendable (WatchEvent<R>) -> Change
  ) async {
    do {
      for try await event in watch { continuation.yield(change(event)) }
    } catch let error as APIError where error.code == .notFound && R.self == WarmNode.self {
      continuation.yield(.noRecords)
    } catch let error as APIError where isExtra && [.notFound, .forbidden].contains(error.code) {
    } catch {
      if !(error is CancellationError) { continuation.yield(.failed(error)) }
    }
  }
}

extension WaitBoard {
  /// Takes in what changed of WarmNodes; whether that was anything.
  fileprivate mutating func take(_ changes: [ObjectStore<WarmNode>.Change]) -> Bool {
    for change in changes {
      switch change {
      case .added(let node), .modified(_, let node): book.put(node)
      case .deleted(let node): book.remove(node: node.metadata.name ?? "")
      }
    }
    return !changes.isEmpty
  }
}
