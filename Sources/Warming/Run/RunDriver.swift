import Kubernetes
import Logging

/// Performs what a run's board says, and brings it what happens. All waiting and talking of a run is here.
struct RunDriver: Sendable {
  let client: KubernetesClient
  let owner: RunOwner
  let logger: Logger
  let onEvent: @Sendable (RunEvent) -> Void

  private var objects: RunObjects { owner.objects }
  private var namespace: String { objects.request.namespace }
  private typealias Report = @Sendable (RunSignal) -> Void

  /// How long the last events are waited for when all else is known.
  private static let eventTimeout = Duration.milliseconds(500)

  /// Goes on until every node has its outcome, or the task is cancelled.
  func run(_ board: inout RunBoard) async {
    let clock = ContinuousClock()
    let start = clock.now
    let (signals, continuation) = AsyncStream<RunSignal>.makeStream()
    let report: Report = { _ = continuation.yield($0) }
    var overSince: ContinuousClock.Instant?
    await withDiscardingTaskGroup { group in
      group.addTask { await watchNodes(report) }
      group.addTask { await watchPods(report) }
      group.addTask { await watchEvents(report) }
      group.addTask { await renew(report) }
      group.addTask {
        while (try? await Task.sleep(for: .milliseconds(250))) != nil { report(.tick) }
      }
      for await signal in signals {
        for effect in board.take(signal, at: start.duration(to: clock.now)) {
          if case .tell(let event) = effect {
            onEvent(event)
          } else if !board.isOver {
            // What is left when the run is over, the clean-up removes as a whole.
            group.addTask { await perform(effect, report) }
          }
        }
        guard board.isOver else { continue }
        let end = overSince ?? clock.now
        overSince = end
        if !board.awaitsEvents || end.duration(to: clock.now) > Self.eventTimeout { break }
      }
      group.cancelAll()
    }
    if !board.isOver {
      var effects: [RunEffect] = []
      board.stop(.cancelled, &effects)
      for case .tell(let event) in effects { onEvent(event) }
    }
  }

  // MARK: Watching

  private func watchNodes(_ report: Report) async {
    do {
      for try await event in client.watch(Node.self) { report(.nodes(event)) }
    } catch {
      ended(error, report)
    }
  }

  private func watchPods(_ report: Report) async {
    do {
      for try await event in client.watch(Pod.self, in: namespace, labels: objects.selector) { report(.pods(event)) }
    } catch {
      ended(error, report)
    }
  }

  /// Events cannot be selected by the labels of their pods, so all about pods are read, from now on only, and without
  /// the kinds that tell nothing here.
  private func watchEvents(_ report: Report) async {
    let fields = [
      "involvedObject.kind=Pod", "reason!=Scheduled", "reason!=Created", "reason!=Started", "reason!=Killing",
    ]
    do {
      let watch = client.watch(Event.self, in: namespace, fields: fields.joined(separator: ","), startsNow: true)
      for try await event in watch { report(.events(event)) }
    } catch {
      if let error = error as? APIError { report(.noEvents(error)) }
    }
  }

  private func ended(_ error: any Error, _ report: Report) {
    if let error = error as? APIError { report(.blind(error)) }
  }

  /// Says again and again that the run is alive.
  private func renew(_ report: Report) async {
    while (try? await Task.sleep(for: RunOwner.renewal)) != nil {
      do {
        try await owner.renew()
        report(.reached)
      } catch let error as APIError where error.code == .notFound {
        await checkOwner(report)
      } catch {
        if let error = error as? APIError, error.isPassing { report(.lost(error)) }
      }
    }
  }

  // MARK: Doing

  private func perform(_ effect: RunEffect, _ report: Report) async {
    switch effect {
    case .create(let id, let pod): await create(pod, as: id, report)
    case .delete(let name, let isNodeGone): await delete(name, force: isNodeGone)
    case .look(let id, let name):
      do {
        _ = try await client.get(Pod.self, name, in: namespace)
        report(.looked(id, isThere: true))
      } catch let error as APIError where error.code == .notFound {
        report(.looked(id, isThere: false))
      } catch {
        logger.debug("a pod could not be looked at", metadata: ["pod": "\(name)", "error": "\(error)"])
      }
    case .checkOwner: await checkOwner(report)
    case .ping: await ping(report)
    case .tell: break
    }
  }

  private func create(_ pod: Pod, as id: FleetPod.ID, _ report: Report) async {
    var pod = pod
    let name = pod.metadata.name ?? ""
    for attempt in 1...5 {
      let tried = pod.metadata.name ?? ""
      do {
        let made = try await client.create(pod)
        return report(.created(id, name: tried, uid: made.metadata.uid ?? ""))
      } catch let error as APIError where error.code == .alreadyExists && attempt < 5 {
        // An earlier request may have arrived although no answer came back.
        let there = try? await client.get(Pod.self, tried, in: namespace)
        if let there, there.metadata.labels?[RunObjects.Key.run] == objects.run {
          return report(.created(id, name: tried, uid: there.metadata.uid ?? ""))
        }
        pod.metadata.name = "\(name)-\(attempt + 1)"
      } catch let error as APIError {
        return report(.notCreated(id, error))
      } catch {
        return
      }
    }
  }

  /// What cannot be deleted now is deleted at the end.
  private func delete(_ name: String, force: Bool) async {
    do {
      // A node that is gone has no kubelet to confirm that the pod has ended.
      try await client.delete(Pod.self, name, in: namespace, gracePeriod: force ? 0 : nil)
    } catch let error as APIError where error.code == .notFound {
    } catch {
      logger.debug("a pod could not be deleted", metadata: ["pod": "\(name)", "error": "\(error)"])
    }
  }

  private func checkOwner(_ report: Report) async {
    do {
      let (configMap, isNew) = try await owner.ensure()
      report(.owner(configMap, isNew: isNew))
    } catch {
      if let error = error as? APIError { report(.ownerFailed(error)) }
    }
  }

  private func ping(_ report: Report) async {
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      do {
        try await owner.renew()
        return report(.reached)
      } catch let error as APIError where error.code == .notFound {
        return await checkOwner(report)
      } catch {}
    }
  }
}
