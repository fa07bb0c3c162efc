import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

/// The ways from a registry to its readers, as wide as configured: each reader has a link of its own, and all share
/// the registry's. Real bytes pass, each when its time has come.
///
/// Readers are distinguished by what they call themselves (`User-Agent`), however many connections they have.
final class RegistryLinks: Sendable {
  private struct State {
    /// Until when what has been sent so far takes the links.
    var registry = ContinuousClock.now
    var readers: [String: ContinuousClock.Instant] = [:]
  }

  private let readerBandwidth: Double?
  private let registryBandwidth: Double?
  /// Bytes that are sent at once: 20 ms of the narrower link.
  private let portion: Int
  /// Until an answer begins.
  let latency: Duration
  private let state = Mutex(State())

  /// How late a sender may be, on a busy machine, and still catch up.
  private static let lateness = Duration.milliseconds(200)

  /// Bytes a second; nil for no limit.
  init(reader: Int64?, registry: Int64?, latency: Duration = .zero) {
    self.latency = latency
    readerBandwidth = reader.map { Double(max(1, $0)) }
    registryBandwidth = registry.map { Double(max(1, $0)) }
    portion = Int(min(max(min(reader ?? .max, registry ?? .max) / 50, 1024), 256 << 10))
  }

  /// Sends everything, portion by portion.
  func body(_ content: ArraySlice<UInt8>, to reader: String) -> ResponseBody {
    ResponseBody(contentLength: content.count) { [self] writer in
      var rest = content
      var passed = ContinuousClock.now
      while !rest.isEmpty {
        let bytes = rest.prefix(portion)
        rest = rest.dropFirst(portion)
        passed = pass(bytes.count, to: reader, from: max(passed, .now - Self.lateness))
        try await cancelWhenGracefulShutdown { [passed] in try await Task.sleep(until: passed, clock: .continuous) }
        try await writer.write(ByteBuffer(bytes: bytes))
      }
      try await writer.finish(nil)
    }
  }

  /// When bytes that are there at `start` have passed both links.
  func pass(
    _ bytes: Int, to reader: String, from start: ContinuousClock.Instant
  ) -> ContinuousClock.Instant {
    func end(_ free: ContinuousClock.Instant, _ bandwidth: Double?) -> ContinuousClock.Instant {
      bandwidth.map { max(free, start) + .seconds(Double(bytes) / $0) } ?? start
    }
    return state.withLock { state in
      let own = end(state.readers[reader] ?? start, readerBandwidth)
      let shared = end(state.registry, registryBandwidth)
      state.readers[reader] = own
      state.registry = shared
      return max(own, shared)
    }
  }
}
