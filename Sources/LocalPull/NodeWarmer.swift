package import ImageModel
package import Networking
package import Registry
package import Runtimes
import Synchronization

/// Makes one machine hold a list of images, each at the digest that its reference resolves to.
///
/// One bad image does not stop the others. An image counts as warm only when the runtime itself confirms it.
package struct NodeWarmer: Sendable {
  package struct Settings: Sendable {
    /// Images in work at the same time.
    package var parallelism: Int
    package var policy: PullPolicy
    /// The longest time for all images; no limit when nil.
    package var timeout: Duration?
    /// The longest time for one image, all tries included.
    package var imageTimeout: Duration
    /// Tries of the runtime's pull. The registry client has a policy of its own.
    package var retry: RetryPolicy
    /// Whether a runtime that downloads with the registry client is to show the warmer's credentials, not that client's.
    package var handsOnLogins = false
    /// Called with what is to be pulled, before it is; throws to leave it.
    package var admit: (@Sendable (ResolvedImage) throws -> Void)?
    /// Called when it is clear how an image is pulled, by a runtime that has the choice.
    package var onWay: (@Sendable (PullWay) -> Void)?

    package init(
      parallelism: Int, policy: PullPolicy, timeout: Duration? = nil, imageTimeout: Duration, retry: RetryPolicy
    ) {
      self.parallelism = max(1, parallelism)
      self.policy = policy
      self.timeout = timeout
      self.imageTimeout = imageTimeout
      self.retry = retry
    }
  }

  private let runtime: any Runtime
  private let registry: RegistryClient
  private let credentials: any CredentialSource
  private let platform: Platform
  private let settings: Settings
  private let unreached = UnreachedRegistries()

  package init(
    runtime: any Runtime, registry: RegistryClient, credentials: any CredentialSource, platform: Platform,
    settings: Settings
  ) {
    self.runtime = runtime
    self.registry = registry
    self.credentials = credentials
    self.platform = platform
    self.settings = settings
  }

  /// Warms the images in their order and returns one result for each, in the same order.
  ///
  /// Cancelling the task stops all pulls; images that were not there by then are `.cancelled`.
  /// - Parameter report: called from any thread with the index of the image and what happened to it.
  package func warm(
    _ images: [WantedImage], report: @escaping @Sendable (Int, WarmEvent) -> Void
  ) async -> [WarmResult] {
    let end = settings.timeout.map { ContinuousClock().now + $0 }
    return await withTaskGroup(of: (Int, WarmResult).self) { group in
      var results = [WarmResult?](repeating: nil, count: images.count)
      var next = 0
      func startNext() {
        guard next < images.count else { return }
        let index = next
        next += 1
        group.addTask { (index, await warm(images[index], until: end) { report(index, $0) }) }
      }
      for _ in 0..<settings.parallelism { startNext() }
      while let (index, result) = await group.next() {
        results[index] = result
        report(index, .finished(result))
        startNext()
      }
      return results.compactMap { $0 }
    }
  }

  /// - Parameter end: when the time for all images is over.
  private func warm(
    _ image: WantedImage, until end: ContinuousClock.Instant?, report: @escaping @Sendable (WarmEvent) -> Void
  ) async -> WarmResult {
    let clock = ContinuousClock()
    let start = clock.now
    let rest = end.map { start.duration(to: $0) }
    let limit = min(rest ?? settings.imageTimeout, settings.imageTimeout)
    func result(_ outcome: WarmResult.Outcome, _ held: Held? = nil) -> WarmResult {
      WarmResult(
        image: image, outcome: outcome, digest: held?.digest, sizeBytes: held?.sizeBytes,
        duration: start.duration(to: clock.now))
    }
    func timedOut(_ limit: Duration, _ option: String) -> WarmResult {
      result(
        .failed(
          WarmFailure(
            code: "timedOut", detail: "it was not there after \(limit)", remedy: "Raise \(option), or try again.")))
    }
    guard !Task.isCancelled else { return result(.cancelled) }
    if let timeout = settings.timeout, limit <= .zero { return timedOut(timeout, "--timeout") }
    report(.started)
    do {
      let held = try await withTimeLimit(limit) { try await hold(image.reference, report: report) }
      return result(held.wasThere ? .alreadyThere : .pulled, held)
    } catch is TimeLimitReached {
      if let timeout = settings.timeout, limit < settings.imageTimeout { return timedOut(timeout, "--timeout") }
      return timedOut(settings.imageTimeout, "--image-timeout")
    } catch {
      return result(Task.isCancelled || error is CancellationError ? .cancelled : .failed(WarmFailure(pulling: error)))
    }
  }

  /// What the runtime was found to hold.
  private struct Held {
    let digest: Digest?
    let sizeBytes: Int64?
    let wasThere: Bool
  }

  private func hold(_ reference: Reference, report: @escaping @Sendable (WarmEvent) -> Void) async throws -> Held {
    let onRetry: @Sendable (RegistryClient.Retry) -> Void = { retry in
      report(
        .retrying(
          attempt: retry.attempt, of: retry.attempts, after: retry.delay, cause: WarmFailure(pulling: retry.error)))
    }
    let registry = registry.reporting(onRetry)
    let present = try await present(reference)
    func thereAlready(_ image: RuntimeImage, as digest: Digest?) -> Held {
      Held(digest: digest ?? image.digests.first, sizeBytes: image.sizeBytes, wasThere: true)
    }
    if settings.policy == .ifNotPresent, let present { return thereAlready(present, as: reference.digest) }

    var resolved: ResolvedImage?
    var unresolved: RegistryError?
    switch try await resolve(reference, present: present, at: registry) {
    case .unchanged(let image, let digest): return thereAlready(image, as: digest)
    case .image(let image):
      report(.resolved(image))
      if let present, present.holds(image) { return thereAlready(present, as: image.descriptor.digest) }
      try settings.admit?(image)
      resolved = image
    case .unknown(let error):
      unresolved = error
      report(.unresolved(error))
    }
    let logins = try await credentials.credentials(for: reference.registry, repository: reference.repository)
    func order(_ credential: RegistryCredential?) -> PullOrder {
      var order = PullOrder(
        reference: reference, platform: platform, resolved: resolved, credential: credential, onRetry: onRetry,
        onNote: { report(.note($0)) })
      if settings.handsOnLogins { order.logins = FixedLogins(logins) }
      order.onWay = settings.onWay
      order.unresolved = unresolved
      return order
    }
    do {
      try await pull(logins.isEmpty ? [order(nil)] : logins.map(order), report: report)
    } catch let error as RuntimeError {
      // The runtime met the same as we did, and we can say it better.
      let isUnexplained = error.code == .fault && unresolved?.code == .malformedImage
      guard let unresolved, error.code.name == unresolved.code.rawValue || isUnexplained else { throw error }
      throw unresolved
    }
    return try await confirm(order(logins.first), at: registry)
  }

  private func present(_ reference: Reference) async throws -> RuntimeImage? {
    guard let image = try await runtime.image(reference), image.platform.map(platform.runs) ?? true else { return nil }
    guard let digest = reference.digest else { return image }
    return image.digests.contains(digest) ? image : nil
  }

  /// What the registry says of a reference.
  private enum Resolution {
    /// The runtime holds this digest.
    case unchanged(RuntimeImage, Digest)
    case image(ResolvedImage)
    /// It cannot be asked from here.
    case unknown(RegistryError)
  }

  /// Asks the registry what the reference is; for an image that is there, with a HEAD that does not count as a pull.
  ///
  /// A registry that cannot be reached from here may still be open to the runtime, which has mirrors, certificates
  /// and credentials of its own; such a failure is returned, not thrown. A layout has nobody else to ask.
  private func resolve(
    _ reference: Reference, present: RuntimeImage?, at registry: RegistryClient
  ) async throws -> Resolution {
    // The runtime asks the registry for itself: one wait for a registry that this program cannot reach is enough.
    if runtime.endpoint.kind != .oci, let error = unreached.error(of: reference.registry) { return .unknown(error) }
    do {
      guard let present else { return .image(try await registry.image(reference, platform: platform)) }
      let descriptor = try await registry.resolve(reference)
      if present.digests.contains(descriptor.digest) { return .unchanged(present, descriptor.digest) }
      return .image(try await registry.image(reference, platform: platform, descriptor: descriptor))
    } catch let error as RegistryError {
      guard runtime.endpoint.kind != .oci, error.code.mayDifferForRuntime else { throw error }
      unreached.note(error, of: reference.registry)
      return .unknown(error)
    }
  }

  /// Pulls with one login after the other while the registry refuses them, as the kubelet does.
  ///
  /// A layout downloads with the registry client, which has tried all of them, and tried again, itself.
  private func pull(_ orders: [PullOrder], report: @escaping @Sendable (WarmEvent) -> Void) async throws {
    let orders = runtime.endpoint.kind == .oci ? orders.prefix(1) : orders[...]
    for (number, order) in orders.enumerated() {
      do {
        let isTriedAgain = order.resolved != nil && runtime.endpoint.kind != .oci
        return try await pull(order, retry: isTriedAgain ? settings.retry : .never, report: report)
      } catch let error as RuntimeError {
        guard number + 1 < orders.count, error.code.mayBeLogin else { throw error }
      }
    }
  }

  private func pull(
    _ order: PullOrder, retry: RetryPolicy, report: @escaping @Sendable (WarmEvent) -> Void
  ) async throws {
    var attempt = 1
    while true {
      do {
        _ = try await runtime.pull(order) { report(.progress($0)) }
        return
      } catch let error as RuntimeError where error.isRetryable {
        guard let wait = retry.delay(before: attempt + 1, random: .random(in: 0..<1)) else { throw error }
        report(.retrying(attempt: attempt, of: retry.attempts, after: wait, cause: WarmFailure(pulling: error)))
        attempt += 1
        try await Task.sleep(for: wait)
      }
    }
  }

  /// The last word is the runtime's: it must hold the reference, at the digest that was resolved.
  private func confirm(_ order: PullOrder, at registry: RegistryClient) async throws -> Held {
    func fault(_ code: RuntimeError.Code, _ detail: String, _ remedy: String) -> RuntimeError {
      RuntimeError(
        code, endpoint: runtime.endpoint, operation: "confirm", subject: order.reference.description, detail: detail,
        remedy: remedy)
    }
    guard let image = try await runtime.image(order.reference) else {
      throw fault(.fault, "the runtime pulled it and does not list it", "See the runtime's log: is it removing images?")
    }
    if let own = image.platform, !platform.runs(own) {
      throw fault(
        .unsupported, "the runtime holds it for \(own), not for \(platform)", "Pull an image that has this platform.")
    }
    guard var resolved = order.resolved else {
      return Held(digest: order.reference.digest ?? image.digests.first, sizeBytes: image.sizeBytes, wasThere: false)
    }
    if !image.holds(resolved) {
      // The tag may have moved between our question and the runtime's.
      resolved = try await registry.image(order.reference, platform: platform)
    }
    guard image.holds(resolved) else {
      let held = image.digests.map(\.description).joined(separator: ", ")
      throw fault(
        .digestMismatch, "the registry says \(resolved.descriptor.digest), the runtime holds \(held)",
        "The runtime may use a mirror that is behind: check its registry configuration.")
    }
    return Held(digest: resolved.descriptor.digest, sizeBytes: resolved.compressedSize, wasThere: false)
  }
}

extension RuntimeImage {
  /// Whether this is the resolved image, known by its index or by the manifest of the platform.
  fileprivate func holds(_ resolved: ResolvedImage) -> Bool {
    digests.contains(resolved.descriptor.digest) || digests.contains(resolved.manifestDescriptor.digest)
  }
}

/// Registries that did not answer this program, which the runtime may reach all the same.
private final class UnreachedRegistries: Sendable {
  private let errors = Mutex<[String: RegistryError]>([:])

  func error(of registry: String) -> RegistryError? { errors.withLock { $0[registry] } }

  func note(_ error: RegistryError, of registry: String) {
    guard [.noSuchHost, .refused, .unreachable, .timedOut, .tls, .proxy, .insecure].contains(error.code) else { return }
    errors.withLock { $0[registry] = error }
  }
}

extension RegistryError.Code {
  /// Whether a runtime with mirrors, credentials and a reading of its own may succeed where we failed.
  ///
  /// What we cannot read is left to it: it is the one that has to.
  fileprivate var mayDifferForRuntime: Bool {
    switch self {
    case .notFound, .noPlatform, .artifact, .rateLimited: false
    default: true
    }
  }
}

extension RuntimeError.Code {
  /// Whether another login may help.
  fileprivate var mayBeLogin: Bool {
    switch self {
    case .registry(.unauthorized), .registry(.denied), .registry(.notFound): true
    default: false
    }
  }
}
