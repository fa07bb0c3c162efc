import ImageModel
import Logging
package import Registry
package import SystemPackage
import Unpacking

/// When pulls are done by this program itself, which is faster, and the runtime is handed the result.
package enum FastPulls: String, CaseIterable, Sendable {
  /// Where that can be done.
  case auto
  /// Nothing else is done.
  case always
  case off
}

/// How fast pulls are done.
package struct FastSettings: Sendable {
  package var downloads: RangedDownloads.Settings
  /// The program that unpacks layers: this one, anew.
  package var unpacker: FilePath
  /// Compressed bytes from which on an image is worth it. What is smaller is there before it is known whether fast pulls
  /// can be done.
  package var smallest: Int64
  /// How much they may move.
  package var pacer: PullPacer
  /// How long a layer's download may stand still before others may try.
  package var patience = Duration.seconds(30)
  /// How long containerd keeps what a pull brought when the pull has not ended its lease.
  package var leaseTime = Duration.seconds(3600)

  package init(
    downloads: RangedDownloads.Settings = RangedDownloads.Settings(), unpacker: FilePath = "/proc/self/exe",
    smallest: Int64 = 8 << 20, pacer: PullPacer = PullPacer(bytesPerSecond: nil)
  ) {
    self.downloads = downloads
    self.unpacker = unpacker
    self.smallest = smallest
    self.pacer = pacer
  }
}

/// A containerd that this program pulls for: see `FastPull`. Whatever cannot be pulled so, is pulled by containerd itself.
struct FastRuntime: Runtime {
  let base: CRIRuntime
  let access: FastAccess
  let mode: FastPulls
  let registry: RegistryClient
  let smallest: Int64

  var endpoint: RuntimeEndpoint { base.endpoint }

  func identify() async throws -> RuntimeIdentity { try await base.identify() }
  func list() async throws -> [RuntimeImage] { try await base.list() }
  func image(_ reference: Reference) async throws -> RuntimeImage? { try await base.image(reference) }
  func remove(_ reference: Reference) async throws -> Bool { try await base.remove(reference) }
  func space() async throws -> ImageFileSystem { try await base.space() }
  func changes() async throws -> AsyncThrowingStream<RuntimeChange, any Error>? { try await base.changes() }
  func pinning() async throws -> RuntimePinning { try await base.pinning() }
  func pin(_ reference: Reference, _ isPinned: Bool) async throws { try await base.pin(reference, isPinned) }
  func unpin(allBut wanted: [Reference]) async throws { try await base.unpin(allBut: wanted) }
  func used() async throws -> Set<String> { try await base.used() }
  func markPulled(_ reference: Reference) async throws { try await base.markPulled(reference) }
  func isPulledByUs(_ reference: Reference) async throws -> Bool { try await base.isPulledByUs(reference) }
  func othersPull() async throws -> Bool { try await base.othersPull() }

  func pull(
    _ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws -> RuntimeImage {
    let isSmall = order.resolved.map { $0.compressedSize < smallest } ?? false
    if mode == .auto, isSmall {
      order.onWay?(.runtime(.small))
      return try await base.pull(order, progress: progress)
    }
    let meter = ProgressMeter(total: order.resolved?.compressedSize, report: progress)
    let node: FastNode
    do {
      node = try await access.node()
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      guard mode == .auto else { throw named(error, order) }
      let reason = Self.reasonForNone(error)
      if let reason, await access.isNews(reason) {
        order.onNote?("the runtime's own pulls are used, not fast ones: \(reason)")
      }
      order.onWay?(.runtime(.unavailable, because: reason))
      return try await base.pull(order, progress: progress)
    }
    do {
      order.onWay?(.fast)
      return try await fastPull(order, node, meter)
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      guard mode == .auto, let reason = Self.reasonForOwnPull(error) else { throw named(error, order) }
      if await access.isNews(reason) { order.onNote?("left to the runtime's own pull: \(reason)") }
    }
    order.onWay?(.runtime(.unsuitable))
    return try await base.pull(order, progress: { meter.advance(to: $0) })
  }

  private func fastPull(_ order: PullOrder, _ node: FastNode, _ meter: ProgressMeter) async throws -> RuntimeImage {
    if let settings = node.registries.settings(for: order.reference.registry) { throw FastObstacle(settings) }
    let own = try node.client(for: order.reference.registry, beside: registry)
    let anonymous = own ?? registry
    let client = order.logins.map(anonymous.presenting) ?? anonymous
    let registry = order.onRetry.map(client.reporting) ?? client
    let resolved: ResolvedImage?
    if own == nil {
      resolved = order.resolved
    } else {
      // Mirrors may have something else than the registry, and containerd asks them.
      resolved = try await registry.image(order.reference, platform: order.platform)
    }
    guard let image = resolved else {
      // Where nothing else is wanted, what the registry said is the reason.
      if mode == .always, let cause = order.unresolved { throw cause }
      throw FastObstacle("the registry could not be asked from here")
    }
    let isTokenOnly = if case .registryToken = order.credential { true } else { false }
    // Names that this program writes are judged by none of them.
    if isTokenOnly, node.verifier.isConfigured() { throw FastObstacle("containerd has image verifiers") }
    let pull = FastPull(
      node: node, connection: base.connection, image: image, reference: order.reference, registry: registry,
      meter: meter)
    return try await pull.run { finish in
      // containerd ignores registry tokens.
      guard isTokenOnly else { return try await base.pull(order, progress: { meter.advance(to: $0) }) }
      try await finish.name()
      meter.enter(.verifying)
      guard let held = try await base.image(order.reference) else {
        throw FastFault(.fault, "containerd does not know the image after its names were written")
      }
      return held
    }
  }

  /// Why fast pulls cannot be done at all; `nil` where it is not worth saying.
  private static func reasonForNone(_ error: any Error) -> String? {
    switch error {
    case let obstacle as FastObstacle: obstacle.isWorthSaying ? "\(obstacle)" : nil
    // Of a runtime that cannot be spoken to, its own pull tells.
    case let error as RuntimeError: error.code == .fault ? error.detail : nil
    default: nil
    }
  }

  /// Why containerd is to try for itself; `nil` where it would fare no better.
  private static func reasonForOwnPull(_ error: any Error) -> String? {
    switch error {
    case let obstacle as FastObstacle: obstacle.description
    case let fault as FastFault where fault.code != .noSpace: fault.detail
    case let error as UnpackError where error.code != .disk: "\(error)"
    // Of a call that a pull of the runtime's own does not make.
    case let error as RuntimeError where error.code == .fault && error.operation != "pull": error.detail
    case let error as RegistryError:
      switch error.code {
      case .noSuchHost, .refused, .unreachable, .tls, .proxy, .insecure, .unauthorized, .denied, .credentials:
        error.detail
      default: nil
      }
    default: nil
    }
  }

  private static func code(of error: UnpackError) -> RuntimeError.Code {
    switch error.code {
    case .layer, .limit: .registry(.malformedImage)
    // The text is the system's.
    case .disk: error.message.contains("No space left") || error.message.contains("quota") ? .noSpace : .fault
    case .permission: .notPermitted
    case .unsupported: .unsupported
    case .child, .cancelled: .fault
    }
  }

  /// The error where nothing but fast pulls is wanted and they cannot be done.
  static func refusal(_ obstacle: FastObstacle, at endpoint: RuntimeEndpoint) -> RuntimeError {
    RuntimeError(
      .unsupported, endpoint: endpoint, operation: "use fast pulls", subject: "at \(endpoint)",
      detail: obstacle.description, remedy: "Use --fast auto to have the runtime pull where fast pulls cannot be used.")
  }

  /// The error with what was attempted on what.
  private func named(_ error: any Error, _ order: PullOrder) -> any Error {
    func made(_ code: RuntimeError.Code, _ detail: String, _ remedy: String? = nil) -> RuntimeError {
      RuntimeError(
        code, endpoint: endpoint, operation: "pull", subject: order.reference.familiar, detail: detail,
        remedy: remedy ?? RuntimeError.remedy(for: code))
    }
    switch error {
    case let obstacle as FastObstacle:
      return made(
        .unsupported, "fast pulls cannot be used: \(obstacle)", "Use --fast auto to have the runtime pull it itself.")
    case let fault as FastFault: return made(fault.code, fault.detail)
    case let error as UnpackError: return made(Self.code(of: error), "\(error)")
    default: return error
    }
  }
}
