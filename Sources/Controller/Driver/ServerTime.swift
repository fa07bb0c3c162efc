import Kubernetes
import Logging

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

  /// Asks the server when it would have made an object, which it does not make. Right to about a second.
  ///
  /// Tries until it has an answer. Where it may not ask, this machine's clock has to do.
  static func measure(_ client: KubernetesClient, namespace: String, logger: Logger) async throws -> ServerTime {
    var wait = Duration.milliseconds(250)
    while true {
      let start = ContinuousClock.now
      do {
        let name = "prepull-clock-\(ShortHash("\(start)").text(8))"
        let lease = try await client.create(
          Lease(metadata: ObjectMeta(name: name, namespace: namespace)), dryRun: true)
        guard let date = lease.metadata.creationTimestamp.flatMap(Timestamp.date) else { break }
        let middle = start + start.duration(to: .now) / 2
        return ServerTime(base: date.sinceEpoch + .milliseconds(500), since: middle)
      } catch let error as APIError where error.code != .forbidden && error.code != .notFound {
        logger.debug("the server's time is not known yet", metadata: ["error": "\(error)"])
      } catch is APIError {
        break
      }
      try await Task.sleep(for: wait)
      wait = min(wait * 2, .seconds(10))
    }
    logger.warning("the API server does not tell its time; this machine's clock has to do")
    return ServerTime(base: Date().sinceEpoch, since: .now)
  }
}

extension Date {
  var sinceEpoch: Duration { .milliseconds(Int64((timeIntervalSince1970 * 1000).rounded())) }
}

extension Duration {
  /// A moment, given as the time since the beginning of 1970, as Kubernetes writes it: whole seconds.
  var timestamp: String { Timestamp.seconds(Date(timeIntervalSince1970: (self / .milliseconds(1)).rounded() / 1000)) }

  /// The moment that a text of the API tells; nil when it tells none.
  init?(timestamp text: String?) {
    guard let date = text.flatMap(Timestamp.date) else { return nil }
    self = date.sinceEpoch
  }
}
