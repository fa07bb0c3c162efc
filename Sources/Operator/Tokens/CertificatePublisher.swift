import Documents
import Kubernetes
import Logging
import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keeps the certificate of this replica in the ConfigMap that agents read, and takes those of gone replicas out of it.
///
/// Each replica has two keys there, by a manager of its own: its name, with the certificate, and `<name>.seen`, with the
/// time of its last sign of life. Who has given none for a day is gone.
package struct CertificatePublisher: Sendable {
  /// Of the ConfigMap.
  package static let name = "prepull-agent-ca"
  static let seen = ".seen"
  static let forgetAfter = 86_400.0
  static let interval = Duration.seconds(6 * 3600)

  let client: KubernetesClient
  let namespace: String
  /// The name of the replica's pod.
  let identity: String
  let pem: String
  let clock: SystemClock
  let logger: Logger

  /// Publishes time and again, until the task is cancelled; what fails is tried again.
  func run() async throws {
    let backOff = RetryPolicy(attempts: .max, base: .seconds(1), cap: .seconds(60))
    var failures = 0
    while true {
      do {
        try await publish()
        failures = 0
        try await clock.sleep(Self.interval)
      } catch let error as APIError {
        failures += 1
        logger.log(
          level: failures % 60 == 1 ? .warning : .debug,
          "the certificate for agents cannot be published; they get no credentials from this replica",
          metadata: ["configmap": "\(namespace)/\(Self.name)", "error": "\(error)"])
        try await clock.sleep(
          backOff.delay(before: failures + 1, serverAsks: nil, random: clock.random()) ?? .seconds(60))
      }
    }
  }

  /// Publishes once, and removes what is stale.
  func publish() async throws {
    let now = clock.date()
    let resource = DynamicResource(ConfigMap.self)
    let object: JSON = [
      "apiVersion": "v1", "kind": "ConfigMap",
      "metadata": ["name": .string(Self.name), "namespace": .string(namespace)],
      "data": .object([key: .string(pem), key + Self.seen: .string(Timestamp.seconds(now))]),
    ]
    let stored = try await client.apply(object, as: resource, fieldManager: manager)
    let stale = Self.stale(in: stored["data"]?.object ?? [:], at: now)
    guard !stale.isEmpty else { return }
    let removed = JSON.object(Dictionary(uniqueKeysWithValues: stale.map { ($0, JSON.null) }))
    _ = try await client.patch(ConfigMap.self, Self.name, in: namespace, .merge(["data": removed]))
  }

  /// Names of pods and hosts are good keys; of another one what no key may hold is left out.
  private var key: String {
    String(identity.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }.prefix(200))
  }

  private var manager: String { String("prepull-\(identity)".prefix(128)) }

  /// The keys of replicas that have given no sign of life for a day.
  static func stale(in data: [String: JSON], at now: Date) -> [String] {
    data.keys.filter { $0.hasSuffix(seen) }.flatMap { key -> [String] in
      let last = data[key]?.string.flatMap { Timestamp.date($0) }
      if let last, now.timeIntervalSince(last) < forgetAfter { return [] }
      return [key, String(key.dropLast(seen.count))].filter { data[$0] != nil }
    }.sorted()
  }
}
