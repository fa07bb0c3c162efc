package import ImageSources
package import Kubernetes
package import Logging
import Networking
package import Registry
import Serving

/// Asks the sources of all Prepulls, each at its interval, and keeps what was good.
///
/// The actor keeps the schedule: each source is asked once at a time, for all Prepulls of a namespace that want the same.
/// Good for one `run`.
package actor SourceDesk {
  /// What is known of a source changed.
  package struct Change: Sendable {
    package let key: SourceKey
    package let answer: SourceAnswer
  }

  private enum Signal: Sendable {
    case look
    case finished(SourceKey, Result<SourceFinding, SourceError>)
  }

  /// Of one question, whatever it is.
  private static let limit = Duration.seconds(120)
  /// Pods that are asked for their images at a time.
  private static let podsAtATime = 8

  /// Every change, in order; for one reader. Ends when `run` does.
  package nonisolated let changes: AsyncStream<Change>

  private nonisolated let published: AsyncStream<Change>.Continuation
  private nonisolated let signals: AsyncStream<Signal>
  private nonisolated let signal: AsyncStream<Signal>.Continuation
  private nonisolated let allowed: AllowedSources
  private nonisolated let metrics: ControllerMetrics
  private nonisolated let client: KubernetesClient
  private nonisolated let asking: MetricsClient
  private nonisolated let pool: RegistryPool
  private nonisolated let times = CreationTimes()
  private nonisolated let now: @Sendable () -> Duration
  private nonisolated let tick: Duration
  private nonisolated let logger: Logger
  private var schedule = SourceSchedule()

  /// - Parameters:
  ///   - allowed: servers that may be asked for metrics.
  ///   - registry: how servers are reached.
  ///   - client: reads Secrets by name, and pods.
  ///   - now: since the Unix epoch.
  ///   - tick: how often is looked whether one is due.
  package init(
    allowed: AllowedSources, registry: RegistryConfiguration, client: KubernetesClient, metrics: ControllerMetrics,
    now: @escaping @Sendable () -> Duration, tick: Duration = .milliseconds(500), logger: Logger
  ) {
    self.allowed = allowed
    self.metrics = metrics
    self.client = client
    self.now = now
    self.tick = tick
    self.logger = logger
    asking = MetricsClient(configuration: registry)
    pool = RegistryPool(
      make: { RegistryClient(configuration: registry, credentials: $0, logger: logger) },
      secrets: PullSecretReader(client: client, logger: logger))
    (changes, published) = AsyncStream.makeStream()
    (signals, signal) = AsyncStream.makeStream()
  }

  /// Replaces all that is wanted; what is not wanted any more is forgotten.
  package func want(_ requests: [SourceKey: SourceRequest]) async {
    schedule.want(requests, at: now())
    signal.yield(.look)
    await pool.retain(Set(requests.keys.compactMap(\.access)))
  }

  /// Asks until it is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { [signal, tick] in
        while (try? await Task.sleep(for: tick)) != nil { signal.yield(.look) }
      }
      for await event in signals {
        if case .finished(let key, let outcome) = event { take(key, outcome) }
        for key in schedule.begin(at: now()) {
          group.addTask { [signal] in
            guard let outcome = await self.ask(key) else { return }
            signal.yield(.finished(key, outcome))
          }
        }
      }
      group.cancelAll()
    }
    published.finish()
    await pool.shutdown()
  }

  private func take(_ key: SourceKey, _ outcome: Result<SourceFinding, SourceError>) {
    guard let answer = schedule.finish(key, outcome, random: .random(in: 0..<1), at: now()) else { return }
    switch outcome {
    case .success(let finding):
      logger.debug(
        "a source answered", metadata: ["source": "\(key.source.name)", "images": "\(finding.images.count)"])
    case .failure(let error):
      metrics.sourceErrors.add(1, key.source.name, error.code.rawValue)
      logger.debug("a source failed", metadata: ["source": "\(key.source.name)", "error": "\(error)"])
    }
    published.yield(Change(key: key, answer: answer))
  }

  /// Nil when it was cancelled.
  private nonisolated func ask(_ key: SourceKey) async -> Result<SourceFinding, SourceError>? {
    do {
      return .success(try await withTimeLimit(Self.limit) { try await self.finding(key) })
    } catch let error as SourceError {
      return .failure(error)
    } catch is TimeLimitReached {
      return .failure(
        SourceError(
          .timedOut, "it did not come to an end within \(Self.limit.components.seconds) s",
          remedy: "Ask for less, or see whether the server is overloaded."))
    } catch {
      guard !Task.isCancelled else { return nil }
      return .failure(SourceError(.fault, "\(error)", remedy: "It is asked again."))
    }
  }

  private nonisolated func finding(_ key: SourceKey) async throws -> SourceFinding {
    switch key.source {
    case .metrics(let source):
      guard allowed.allows(source.address) else {
        throw SourceError(
          .notAllowed, "the host \(source.address.authority) is not among those that sources may ask",
          remedy: "Whoever installs Prepull allows it: add --allow-source "
            + "\(source.address.host.host.contains(":") ? "[\(source.address.host.host)]" : source.address.host.host)"
            + ":\(source.address.port) to the options of prepull install.")
      }
      let (tally, warning) = try await asking.ask(source, try await credential(of: key))
      return try await SourceFinding.of(tally, warning: warning, top: source.top) { [client] pods in
        try await Self.images(of: pods, client)
      }
    case .tags(let source):
      return try await pool.withClient(for: key.access) { [times] registry, missing in
        do {
          return try await TagFinder(registry: registry, times: times).find(source)
        } catch let error as SourceError where !missing.isEmpty {
          throw SourceError(
            error.code, "\(error.detail) (asked without a secret, \(missing.joined(separator: "; ")))",
            remedy: "Let Prepull get it: add --grant-secrets \(key.namespace) to the options of prepull install.",
            retryAfter: error.retryAfter)
        }
      }
    }
  }

  private nonisolated func credential(of key: SourceKey) async throws -> SourceCredential {
    guard let name = key.secret else { return .none }
    do {
      return try await SourceCredential(client, secret: name, in: key.namespace)
    } catch let error as APIError where error.code == .forbidden {
      throw SourceError(
        .secret, "Prepull may not get the Secret \(key.namespace)/\(name)",
        remedy: "Allow it: add --grant-secrets \(key.namespace)/\(name) to the options of prepull install.")
    } catch let error as APIError where error.code == .notFound {
      throw SourceError(
        .secret, "there is no Secret \(key.namespace)/\(name)", remedy: "Make it, or correct secretRef.")
    }
  }

  /// What the containers of pods run; pods that are gone are left out.
  package static func images(
    of pods: [ImageTally.Pod], _ client: KubernetesClient
  ) async throws -> [ImageTally.Pod: [(container: String, image: String)]] {
    // Labels may hold anything.
    let names = Set(pods.map { PodName(namespace: $0.namespace, name: $0.name) }).filter { name in
      NamingRule.label.problem(in: name.namespace) == nil && NamingRule.subdomain.problem(in: name.name) == nil
    }
    var rest = names.sorted { $0.name < $1.name }[...]
    let found = try await withThrowingTaskGroup(of: (PodName, [(String, String)]).self) { group in
      func next() {
        guard let name = rest.popFirst() else { return }
        group.addTask {
          do {
            let pod = try await client.get(PullerPod.self, name.name, in: name.namespace)
            return (name, pod.spec.containers.compactMap { one in one.image.map { (one.name, $0) } })
          } catch let error as APIError where error.code == .notFound {
            return (name, [])
          }
        }
      }
      for _ in 0..<podsAtATime { next() }
      var found: [PodName: [(container: String, image: String)]] = [:]
      while let (name, images) = try await group.next() {
        found[name] = images
        next()
      }
      return found
    }
    return Dictionary(
      pods.map { ($0, found[PodName(namespace: $0.namespace, name: $0.name)] ?? []) },
      uniquingKeysWith: { first, _ in first })
  }
}

extension SourceKey {
  /// The pull secrets with which a registry is asked; nil without.
  var access: ResolutionKey.Access? {
    ResolutionKey(reference: "", namespace: namespace, secrets: pullSecrets).access
  }
}
