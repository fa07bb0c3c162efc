import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

/// The ways from a registry to its readers, as wide as configured: each reader has a link of its own, and all share
/// the registry's. A pull-through cache has a link of its own, and so has each node that serves others. Real bytes pass,
/// each when its time has come.
///
/// Readers are distinguished by what they call themselves (`User-Agent`), however many connections they have.
final class RegistryLinks: Sendable {
  /// Where bytes come from, or what they pass through.
  enum Source: Hashable, Sendable {
    case registry
    case cache
    /// A node that serves what it holds.
    case node(String)
  }

  private struct State {
    /// Until when what has been sent so far takes the links.
    var sources: [Source: ContinuousClock.Instant] = [:]
    var readers: [String: ContinuousClock.Instant] = [:]
    var traffic = SandboxTraffic()
  }

  /// Bytes a second; nil for no limit.
  private let bandwidths: SandboxOptions.Links
  private let cacheBandwidth: Double?
  /// Bytes that are sent at once: 20 ms of the narrowest link.
  private let portion: Int
  private let state = Mutex(State())

  /// How late a sender may be, on a busy machine, and still catch up.
  private static let lateness = Duration.milliseconds(200)

  init(_ bandwidths: SandboxOptions.Links, cache: Int64? = nil) {
    self.bandwidths = bandwidths
    cacheBandwidth = cache.map { Double(max(1, $0)) }
    let narrowest = [bandwidths.nodeBandwidth, bandwidths.registryBandwidth, cache].compactMap(\.self).min() ?? .max
    portion = Int(min(max(narrowest / 50, 1024), 256 << 10))
  }

  /// Until an answer begins.
  var latency: Duration { bandwidths.latency }
  /// What has passed so far.
  var traffic: SandboxTraffic { state.withLock(\.traffic) }

  private func bandwidth(of source: Source) -> Double? {
    switch source {
    case .registry: bandwidths.registryBandwidth.map { Double(max(1, $0)) }
    case .cache: cacheBandwidth
    case .node: bandwidths.nodeBandwidth.map { Double(max(1, $0)) }
    }
  }

  /// Sends everything, portion by portion.
  ///
  /// - Parameter end: called once, with whether all was sent.
  func body(
    _ content: ArraySlice<UInt8>, to reader: String, through sources: [Source] = [.registry],
    end: @escaping @Sendable (Bool) -> Void = { _ in }
  ) -> ResponseBody {
    ResponseBody(contentLength: content.count) { [self] writer in
      var isWhole = false
      defer { end(isWhole) }
      var rest = content
      var passed = ContinuousClock.now
      while !rest.isEmpty {
        let bytes = rest.prefix(portion)
        rest = rest.dropFirst(portion)
        passed = pass(bytes.count, to: reader, through: sources, from: max(passed, .now - Self.lateness))
        try await cancelWhenGracefulShutdown { [passed] in try await Task.sleep(until: passed, clock: .continuous) }
        try await writer.write(ByteBuffer(bytes: bytes))
      }
      isWhole = true
      try await writer.finish(nil)
    }
  }

  /// When bytes that are there at `start` have passed all links.
  func pass(
    _ bytes: Int, to reader: String, through sources: [Source] = [.registry], from start: ContinuousClock.Instant
  ) -> ContinuousClock.Instant {
    func end(_ free: ContinuousClock.Instant?, _ bandwidth: Double?) -> ContinuousClock.Instant {
      bandwidth.map { max(free ?? start, start) + .seconds(Double(bytes) / $0) } ?? start
    }
    return state.withLock { state in
      var last = end(state.readers[reader], bandwidths.nodeBandwidth.map { Double(max(1, $0)) })
      state.readers[reader] = last
      for source in sources {
        let passed = end(state.sources[source], bandwidth(of: source))
        state.sources[source] = passed
        state.traffic.count(Int64(bytes), from: source)
        last = max(last, passed)
      }
      return last
    }
  }
}

/// Bytes of images that passed a sandbox's links so far.
package struct SandboxTraffic: Hashable, Sendable {
  /// That left the registry.
  package var registry: Int64 = 0
  /// That left the pull-through cache.
  package var cache: Int64 = 0
  /// That nodes sent to each other.
  package var nodes: Int64 = 0

  mutating func count(_ bytes: Int64, from source: RegistryLinks.Source) {
    switch source {
    case .registry: registry += bytes
    case .cache: cache += bytes
    case .node: nodes += bytes
    }
  }
}
