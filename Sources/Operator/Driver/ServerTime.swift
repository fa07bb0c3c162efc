import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The time as the API server has it, so that a clock that is wrong on this machine, or set while we run, changes
/// nothing.
struct ServerTime: Sendable {
  /// Since the beginning of 1970.
  let base: Duration
  let since: ContinuousClock.Instant

  var now: Duration { base + since.duration(to: .now) }

  /// What the answers of the API server state, right to about a second; see ``KubernetesClient/serverDate()``.
  static func measure(_ client: KubernetesClient) async -> ServerTime {
    let date = await client.serverDate()
    return ServerTime(base: date.sinceEpoch, since: .now)
  }
}

extension Date {
  var sinceEpoch: Duration { .milliseconds(Int64((timeIntervalSince1970 * 1000).rounded())) }
}

extension Duration {
  /// A moment, given as the time since the beginning of 1970, as Kubernetes writes it: whole seconds.
  var timestamp: String { Timestamp.seconds(Date(timeIntervalSince1970: (self / .milliseconds(1)).rounded() / 1000)) }

  /// The moment that a text of the API states; nil when it states none.
  init?(timestamp text: String?) {
    guard let date = text.flatMap(Timestamp.date) else { return nil }
    self = date.sinceEpoch
  }
}
