import Kubernetes
import PrepullAPI
import Warming

/// Follows what the matrix is made of, with the rights of the kubeconfig. What may not be seen is said, and asked for
/// again, as rights may be given.
struct MatrixWatch: Sendable {
  let client: KubernetesClient
  /// Nil for all.
  let namespace: String?
  let live: LiveMatrix

  static let kinds: Set = ["nodes", "warmnodes", "prepulls", "daemonsets", "pods"]

  private static let tick = Duration.milliseconds(250)
  private static let patience = Duration.seconds(4)
  private static let refusalWait = Duration.seconds(15)

  /// Goes on until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await follow(client.watch(Node.self), "nodes") { $0.take($1) } }
      group.addTask { await follow(client.watch(WarmNode.self), "warmnodes") { $0.take($1) } }
      group.addTask { await follow(client.watch(Prepull.self, in: namespace), "prepulls") { $0.take($1) } }
      group.addTask {
        await follow(client.watch(DaemonSet.self, in: namespace, labels: RunObjects.Key.ours), "daemonsets") {
          $0.take($1)
        }
      }
      group.addTask {
        await follow(client.watch(Pod.self, in: namespace, labels: RunObjects.Key.ours), "pods") {
          $0.take($1, now: LiveMatrix.now)
        }
      }
      group.addTask {
        // Without them there is no word of why pods of DaemonSets are refused.
        await follow(
          client.watch(Event.self, in: namespace, fields: "involvedObject.kind=DaemonSet,reason=FailedCreate"), nil
        ) { $0.take($1) }
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

  /// - Parameter kind: nil for what only helps to explain.
  private func follow<R: Resource>(
    _ watch: WatchSequence<R>, _ kind: String?, _ take: @escaping @Sendable (inout MatrixBoard, WatchEvent<R>) -> Void
  ) async {
    while !Task.isCancelled {
      do {
        for try await event in watch {
          await live.take { take(&$0, event) }
          guard let kind else { continue }
          if case .failed = event {
            await live.reach(kind, false)
          } else {
            await live.reach(kind, true)
            await live.take { $0.note(nil, about: kind) }
            await live.isReady(kind)
          }
        }
      } catch let error as APIError {
        guard let kind else { return }
        let note = await isMissing(kind, error) ? nil : "\(Self.names[kind] ?? kind) are not shown: \(error.detail)"
        await live.take { $0.note(note, about: kind) }
        await live.isReady(kind)
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
