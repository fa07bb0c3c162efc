import Documents
import Logging
import Networking

/// Lets one of several processes lead at a time, by holding a Lease.
///
/// As in client-go it rules out two leaders only as far as the leader stops within its deadline; a leader is
/// cancelled when the lease could not be renewed in time.
package struct LeaderElection: Sendable {
  /// The leadership went to somebody else, or could not be kept.
  package struct Lost: Error {}

  package var namespace: String
  /// The lease's name.
  package var name: String
  /// Who we are among the contenders; different in each process.
  package var identity: String
  /// How long the others wait after the last sign of life.
  package var leaseDuration = Duration.seconds(15)
  /// How long the leader tries to renew before it gives up.
  package var renewDeadline = Duration.seconds(10)
  package var retryPeriod = Duration.seconds(2)

  /// Gets why the lease could not be read or written, and nil when it could again; to be quick.
  package var onTrouble: @Sendable (APIError?) -> Void = { _ in }
  /// Gets how those who stand by fare with watching the lease; to be quick.
  package var onWatch: @Sendable (WatchProgress) -> Void = { _ in }

  package init(namespace: String, name: String, identity: String) {
    self.namespace = namespace
    self.name = name
    self.identity = identity
  }

  /// Waits to be the leader, runs `body` while we are, and gives the lease back.
  ///
  /// Throws `Lost` when the leadership ends before `body` does; `body` is cancelled then, and has ended when this throws.
  package func run<Result: Sendable>(
    _ client: KubernetesClient, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    var record = LeaseRecord(identity: identity, duration: leaseDuration)
    if try await !attempt(client, &record) { record = try await standBy(client, record) }
    client.logger.info("leading", metadata: ["lease": "\(name)", "identity": "\(identity)"])
    let held = record
    do {
      let result = try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
          try await renew(client, held)
          return nil
        }
        defer { group.cancelAll() }
        guard let result = try await group.next(), let result else { throw Lost() }
        return result
      }
      await release(client)
      return result
    } catch {
      if !(error is Lost) { await release(client) }
      throw error
    }
  }

  private func pause(_ client: KubernetesClient) async throws {
    try await client.clock.sleep(retryPeriod * (1 + 0.2 * client.clock.random()))
  }

  // MARK: Waiting for the lease

  private enum Sight: Sendable {
    /// Nil where there is no lease.
    case lease(Lease.Spec?)
    case watching(Bool)
    case tick
  }

  /// Waits for the lease, which is watched and not asked for again and again: a leader that gives it back has a successor at
  /// once, and many who stand by cost the API server a connection each. Where it cannot be watched, it is asked for.
  private func standBy(_ client: KubernetesClient, _ record: LeaseRecord) async throws -> LeaseRecord {
    let (sights, report) = AsyncStream<Sight>.makeStream(bufferingPolicy: .bufferingNewest(64))
    return try await withThrowingTaskGroup(of: LeaseRecord?.self) { group in
      group.addTask {
        try await watch(client, report)
        return nil
      }
      group.addTask {
        while true {
          try await pause(client)
          report.yield(.tick)
        }
      }
      group.addTask {
        try await follow(client, sights, record)
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }

  private func watch(_ client: KubernetesClient, _ report: AsyncStream<Sight>.Continuation) async throws {
    let watch = client.watch(
      Lease.self, in: namespace, fields: "metadata.name=\(name)", givesUp: false,
      onProgress: { progress in
        if case .watching = progress { report.yield(.watching(true)) } else { report.yield(.watching(false)) }
        onWatch(progress)
      })
    for try await event in watch {
      switch event {
      case .restarted(let leases): report.yield(.lease(leases.first?.spec))
      case .applied(let lease): report.yield(.lease(lease.spec))
      case .deleted: report.yield(.lease(nil))
      case .failed: break
      }
    }
  }

  private func follow(
    _ client: KubernetesClient, _ sights: AsyncStream<Sight>, _ start: LeaseRecord
  ) async throws -> LeaseRecord {
    var record = start
    var isWatching = false
    for await sight in sights {
      var mayBeFree = false
      switch sight {
      case .lease(let spec):
        record.observe(spec ?? Lease.Spec(), at: client.clock.now())
        mayBeFree = record.isFree(at: client.clock.now())
        if !mayBeFree { onTrouble(nil) }
      case .watching(let isNow): isWatching = isNow
      case .tick: mayBeFree = !isWatching || record.isFree(at: client.clock.now())
      }
      if mayBeFree, try await attempt(client, &record) { return record }
    }
    throw CancellationError()
  }

  // MARK: Leading

  /// Renews until that fails for as long as the deadline.
  private func renew(_ client: KubernetesClient, _ held: LeaseRecord) async throws {
    var record = held
    var renewedAt = client.clock.now()
    while true {
      try await pause(client)
      let left = renewDeadline - (client.clock.now() - renewedAt)
      guard left > .zero else { return }
      let state = record
      do {
        let (isOurs, next) = try await withTimeLimit(left) {
          var record = state
          let isOurs = try await attempt(client, &record)
          return (isOurs, record)
        }
        record = next
        if isOurs {
          renewedAt = client.clock.now()
        } else if !record.isOurs, record.seen?.holderIdentity?.isEmpty == false {
          return
        }
      } catch is TimeLimitReached {
        return
      }
    }
  }

  /// One try to get or renew the lease; whether we hold it now. Errors of the API only mean that we do not know.
  private func attempt(_ client: KubernetesClient, _ record: inout LeaseRecord) async throws -> Bool {
    do {
      let lease: Lease
      do {
        lease = try await client.get(Lease.self, name, in: namespace)
      } catch let error as APIError where error.code == .notFound {
        var lease = Lease(metadata: ObjectMeta(name: name, namespace: namespace))
        lease.spec = spec(client, transitions: 0, acquired: nil)
        record.observe(try await client.create(lease).spec ?? Lease.Spec(), at: client.clock.now())
        onTrouble(nil)
        return true
      }
      let old = lease.spec ?? Lease.Spec()
      record.observe(old, at: client.clock.now())
      guard record.isFree(at: client.clock.now()) else {
        onTrouble(nil)
        return false
      }
      let transitions = (old.leaseTransitions ?? 0) + (record.isOurs ? 0 : 1)
      let new = spec(client, transitions: transitions, acquired: record.isOurs ? old.acquireTime : nil)
      record.observe(try await write(new, over: lease, client).spec ?? new, at: client.clock.now())
      onTrouble(nil)
      return true
    } catch let error as APIError {
      // Somebody else was quicker: how an election goes.
      let isRace = error.code == .conflict || error.code == .alreadyExists
      if !isRace { onTrouble(error) }
      client.logger.debug(
        "the lease cannot be taken", metadata: ["lease": "\(namespace)/\(name)", "error": "\(error)"])
      return false
    }
  }

  private func spec(_ client: KubernetesClient, transitions: Int, acquired: String?) -> Lease.Spec {
    let now = Timestamp.microseconds(client.clock.date())
    var spec = Lease.Spec()
    spec.holderIdentity = identity
    spec.leaseDurationSeconds = Int(leaseDuration.components.seconds)
    spec.leaseTransitions = transitions
    spec.acquireTime = acquired ?? now
    spec.renewTime = now
    return spec
  }

  /// Writes only our fields, and only over the lease that was read.
  private func write(_ spec: Lease.Spec, over lease: Lease, _ client: KubernetesClient) async throws -> Lease {
    var patch: JSON = ["spec": try JSON(encoding: spec)]
    patch["metadata"] = lease.metadata.resourceVersion.map { ["resourceVersion": .string($0)] }
    return try await client.patch(Lease.self, name, in: namespace, .merge(patch))
  }

  /// Gives the lease back, so that the next leader need not wait. Not cancelled with the work, but bounded.
  private func release(_ client: KubernetesClient) async {
    let task = Task {
      try await withTimeLimit(renewDeadline) {
        let lease = try await client.get(Lease.self, name, in: namespace)
        guard var spec = lease.spec, spec.holderIdentity == identity else { return }
        spec.holderIdentity = ""
        spec.leaseDurationSeconds = 1
        _ = try await write(spec, over: lease, client)
      }
    }
    _ = await task.result
  }
}
