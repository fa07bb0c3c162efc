import Kubernetes
import PrepullAPI
import Warming

/// Follows what the matrix is made of, with the rights of the client. What may not be seen is said, and asked for again,
/// as rights may be given.
struct MatrixWatch: Sendable {
  let client: KubernetesClient
  /// Nil for all.
  let namespace: String?
  let live: any MatrixSink

  static let kinds: Set = ["nodes", "warmnodes", "prepulls", "daemonsets", "pods"]

  private static let tick = Duration.milliseconds(250)
  private static let patience = Duration.seconds(4)
  private static let refusalWait = Duration.seconds(15)

  /// Goes on until the task is cancelled.
  func run() async {
    // In order: a watch that is cut off, and that it is back, though nothing happens there.
    let (progress, telling) = AsyncStream<(kind: String, isReached: Bool)>.makeStream()
    @Sendable func tell(_ kind: String) -> @Sendable (WatchProgress) -> Void {
      { progress in
        if case .watching = progress { telling.yield((kind, true)) } else { telling.yield((kind, false)) }
      }
    }
    await withDiscardingTaskGroup { group in
      group.addTask {
        await follow(client.watch(Node.self, onProgress: tell("nodes")), "nodes") { .node($0) }
      }
      group.addTask {
        await follow(client.watch(WarmNode.self, onProgress: tell("warmnodes")), "warmnodes") { event in
          .warmNode(event.narrowed(withOrders) ?? event, now: LiveMatrix.now)
        }
      }
      group.addTask {
        await follow(client.watch(Prepull.self, in: namespace, onProgress: tell("prepulls")), "prepulls") {
          .prepull($0)
        }
      }
      group.addTask {
        let sets = client.watch(
          DaemonSet.self, in: namespace, labels: RunObjects.Key.ours, onProgress: tell("daemonsets"))
        await follow(sets, "daemonsets") { .daemonSet($0) }
      }
      group.addTask {
        let pods = client.watch(Pod.self, in: namespace, labels: RunObjects.Key.ours, onProgress: tell("pods"))
        await follow(pods, "pods") { .pod($0, now: LiveMatrix.now) }
      }
      group.addTask {
        // Without them there is no word of why pods of DaemonSets are refused.
        await follow(
          client.watch(Event.self, in: namespace, fields: "involvedObject.kind=DaemonSet,reason=FailedCreate"), nil
        ) { .event($0) }
      }
      group.addTask {
        for await (kind, isReached) in progress { await live.reach(kind, isReached) }
      }
      group.addTask {
        let begin = ContinuousClock.now
        while (try? await Task.sleep(for: Self.tick)) != nil {
          if begin.duration(to: .now) > Self.patience { await live.show() }
          await live.tick()
        }
      }
    }
    await live.close()
  }

  /// A record without the orders of other namespaces' Prepulls, which are not followed.
  @Sendable private func withOrders(_ record: WarmNode) -> WarmNode {
    guard let namespace, record.spec != nil else { return record }
    var record = record
    record.spec = record.spec?.narrowed { $0.hasPrefix("\(namespace)/") }
    return record
  }

  /// - Parameter kind: nil for what only helps to explain.
  private func follow<R: Resource>(
    _ watch: WatchSequence<R>, _ kind: String?, _ change: @escaping @Sendable (WatchEvent<R>) -> ClusterChange
  ) async {
    while !Task.isCancelled {
      do {
        for try await event in watch {
          await live.take(change(event))
          if case .failed = event { continue }
          guard let kind else { continue }
          await live.take(.note(nil, about: kind))
          await live.isReady(kind)
        }
      } catch let error as APIError {
        guard let kind else { return }
        let note = await isMissing(kind, error) ? nil : "\(Self.names[kind] ?? kind) are not shown: \(error.detail)"
        await live.take(.note(note, about: kind))
        await live.isReady(kind)
        // The server answers, which is what this says.
        await live.reach(kind, true)
      } catch {
        return
      }
      guard (try? await Task.sleep(for: Self.refusalWait)) != nil else { return }
    }
  }

  private static let names = [
    "nodes": "Nodes", "warmnodes": "What nodes hold (WarmNodes)", "prepulls": "Prepulls",
    "daemonsets": "DaemonSets that stay", "pods": "Runs",
  ]

  /// Where the operator is not installed its kinds do not exist, which needs no note. A user who may list nothing is
  /// refused there too; everyone may ask which kinds exist.
  private func isMissing(_ kind: String, _ error: APIError) async -> Bool {
    guard kind == "warmnodes" || kind == "prepulls" else { return false }
    if error.code == .notFound { return true }
    guard error.code == .forbidden else { return false }
    return (try? await client.getJSON("/apis/prepull.dev/v1alpha1")) == nil
  }
}
