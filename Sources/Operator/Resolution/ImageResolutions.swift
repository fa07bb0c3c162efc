import Serving
import Warming
package import ImageModel
package import Kubernetes
package import Logging
import Networking
package import Registry

/// Asks registries what references stand for, once for all nodes, and again when tags are to be refreshed.
///
/// Every distinct reference and set of secrets is asked about once; a refresh of a tag that did not move is one HEAD.
/// Good for one `run`.
package actor ImageResolutions {
  package typealias RegistryFactory = @Sendable (any CredentialSource) throws -> RegistryClient

  /// What is known of a reference changed.
  package struct Change: Sendable {
    package let key: ResolutionKey
    package let answer: ResolutionAnswer
  }

  private enum Signal: Sendable {
    case look
    case finished(ResolutionSchedule.Job, ResolutionSchedule.Outcome)
  }

  private static let limit = Duration.seconds(60)

  /// Every change, in order; for one reader. Ends when `run` does.
  package nonisolated let changes: AsyncStream<Change>

  private nonisolated let published: AsyncStream<Change>.Continuation
  private nonisolated let signals: AsyncStream<Signal>
  private nonisolated let signal: AsyncStream<Signal>.Continuation
  private nonisolated let pool: RegistryPool
  private nonisolated let metrics: ControllerMetrics
  private nonisolated let now: @Sendable () -> Duration
  private nonisolated let tick: Duration
  private nonisolated let secretMemory: Duration
  private var schedule = ResolutionSchedule()
  private var newlyReadable: Set<ResolutionKey.Access> = []

  /// - Parameters:
  ///   - registry: makes a client that asks with these credentials; it is shut down here.
  ///   - client: reads pull secrets by name, where it may.
  ///   - now: since the Unix epoch.
  ///   - tick: how often is looked whether a refresh is due.
  ///   - secretMemory: how long a pull secret is not read again.
  package init(
    registry: @escaping RegistryFactory, client: KubernetesClient, metrics: ControllerMetrics,
    now: @escaping @Sendable () -> Duration, tick: Duration = .seconds(1),
    secretMemory: Duration = .seconds(45), logger: Logger
  ) {
    pool = RegistryPool(
      make: registry, secrets: PullSecretReader(client: client, memory: secretMemory, logger: logger))
    self.metrics = metrics
    self.now = now
    self.tick = tick
    self.secretMemory = secretMemory
    (changes, published) = AsyncStream.makeStream()
    (signals, signal) = AsyncStream.makeStream()
  }

  /// Replaces all that is wanted; what is not wanted any more is forgotten.
  ///
  /// - Parameter platforms: of the nodes there are.
  package func want(_ requests: [ResolutionRequest], platforms: Set<Platform>) async {
    for (key, answer) in schedule.want(requests, platforms: platforms, at: now()) {
      published.yield(Change(key: key, answer: answer))
    }
    signal.yield(.look)
    await pool.retain(Set(requests.compactMap(\.key.access)))
  }

  /// Asks at once about those that failed, as something has changed that may help.
  package func hurry(_ keys: Set<ResolutionKey>) {
    schedule.hurry(keys, at: now())
    signal.yield(.look)
  }

  /// Looks at a tag before its time, as a node got something else under it.
  package func doubt(_ key: ResolutionKey) {
    schedule.doubt(key, at: now())
    signal.yield(.look)
  }

  /// What is known of a reference; nil when it is not wanted.
  package func answer(for key: ResolutionKey) -> ResolutionAnswer? { schedule.answer(for: key) }

  /// Asks until it is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { [signal, tick] in
        while (try? await Task.sleep(for: tick)) != nil { signal.yield(.look) }
      }
      group.addTask { [tick] in
        while (try? await Task.sleep(for: max(tick, self.secretMemory / 10))) != nil { await self.lookAtSecrets() }
      }
      for await event in signals {
        if case .finished(let job, let outcome) = event { take(job, outcome) }
        for job in schedule.begin(at: now()) {
          group.addTask { self.signal.yield(.finished(job, await self.ask(job))) }
        }
      }
      group.cancelAll()
    }
    published.finish()
    await pool.shutdown()
  }

  /// What was refused without a secret is asked again as soon as somebody grants it.
  private func lookAtSecrets() async {
    let new = await pool.newlyReadable()
    // Those of the last time too: what was just being asked without the secret has failed by now.
    let readable = new.union(newlyReadable)
    newlyReadable = new
    guard !readable.isEmpty else { return }
    hurry(schedule.keys { $0.access.map(readable.contains) ?? false })
  }

  private func take(_ job: ResolutionSchedule.Job, _ outcome: ResolutionSchedule.Outcome) {
    let result = schedule.finish(job, outcome, at: now(), random: .random(in: 0..<1))
    guard let result else { return }
    metrics.resolutions.add(1, job.reference.registry, result.verdict.rawValue)
    if let answer = result.changed { published.yield(Change(key: job.key, answer: answer)) }
  }

  private nonisolated func ask(_ job: ResolutionSchedule.Job) async -> ResolutionSchedule.Outcome {
    do {
      return try await pool.withClient(for: job.key.access) { registry, missing in
        await Self.ask(registry, job, missing: missing)
      }
    } catch let error as APIError {
      return .failed(WarmFailure(error), isRefusal: false, retryAfter: nil)
    } catch {
      return .failed(WarmFailure(error), isRefusal: false, retryAfter: nil)
    }
  }

  private static func ask(
    _ registry: RegistryClient, _ job: ResolutionSchedule.Job, missing: [String]
  ) async -> ResolutionSchedule.Outcome {
    do {
      return try await withTimeLimit(limit) {
        let reference = job.digest.map { job.reference.pinned(to: $0) } ?? job.reference
        let descriptor = try await registry.resolve(reference)
        if let held = job.held, held.digest == descriptor.digest { return .unchanged }
        let resolver = ImageResolver(registry: registry, platforms: job.platforms)
        return .found(try await resolver.resolution(of: job.reference, at: descriptor))
      }
    } catch let error as RegistryError {
      guard !missing.isEmpty, !error.isRetryable else {
        return .failed(WarmFailure(error), isRefusal: error.isRefusal, retryAfter: error.retryAfter)
      }
      // Asked with less than nodes have: it is no answer for them.
      let failure = WarmFailure(
        code: error.code.rawValue,
        detail: "\(error.detail) (asked without a secret, \(missing.joined(separator: "; ")))",
        remedy: "Nodes resolve the tag themselves. To have it done once for all, let Prepull get the secret: "
          + "add --grant-secrets NAMESPACE to the options of prepull install.")
      return .failed(failure, isRefusal: false, retryAfter: nil)
    } catch is TimeLimitReached {
      return .failed(.silent(job.reference.registry, within: limit), isRefusal: false, retryAfter: nil)
    } catch {
      return .failed(WarmFailure(error), isRefusal: false, retryAfter: nil)
    }
  }
}

extension Reference {
  /// The same repository at a digest, whatever the tag.
  fileprivate func pinned(to digest: Digest) -> Reference {
    Reference(registry: registry, repository: repository, tag: nil, digest: digest)
  }
}
