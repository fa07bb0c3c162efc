import Documents
import KubeAPIServer
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes the events of one component on one object, as client-go's recorder does.
final class StoreEventRecorder: Sendable {
  private let store: Store
  private let component: String
  private let host: String?
  /// `kind`, `namespace`, `name`, `uid`, `apiVersion`.
  private let object: JSON
  private let pace: Pace
  private let correlator = Mutex(EventCorrelator())
  private let start = ContinuousClock.now
  private let stem: String

  init(_ store: Store, component: String, host: String? = nil, object: JSON, pace: Pace) {
    self.store = store
    self.component = component
    self.host = host
    self.object = object
    self.pace = pace
    stem =
      (object["name"]?.string ?? "object") + "." + String(UInt64.random(in: 0x1000_0000_0000_0000 ... .max), radix: 16)
  }

  /// A reference to `object` as events have it.
  static func reference(to object: JSON, kind: String, apiVersion: String = "v1") -> JSON {
    var reference: JSON = ["kind": .string(kind), "apiVersion": .string(apiVersion)]
    for field in ["name", "namespace", "uid"] { reference[field] = object[path: "metadata", field] }
    return reference
  }

  private var namespace: String { object["namespace"]?.string ?? "default" }

  func normal(_ reason: String, _ message: String, container: String? = nil) {
    record("Normal", reason, message, container)
  }

  func warning(_ reason: String, _ message: String, container: String? = nil) {
    record("Warning", reason, message, container)
  }

  /// - Parameter fieldPath: `spec.containers{name}`.
  private func record(_ type: String, _ reason: String, _ message: String, _ fieldPath: String?) {
    let passed = pace.elapsed(since: start)
    let occurrence = EventCorrelator.Occurrence(
      type: type, reason: reason, message: message, fieldPath: fieldPath ?? "")
    let outcome = correlator.withLock { $0.note(occurrence, at: passed / .seconds(1)) }
    switch outcome {
    case .drop: break
    case .update(let message, let id, let count):
      let now = JSON.string(Date().formatted(.iso8601))
      // An event may be lost like any other: the namespace may be gone.
      _ = try? store.modify(.events, namespace: namespace, name: "\(stem)\(id)") { event in
        event["count"] = .integer(Int64(count))
        event["message"] = .string(message)
        event["lastTimestamp"] = now
      }
    case .create(let message, let id):
      _ = try? store.create(event(type, reason, message, fieldPath, id), as: .events)
    }
  }

  private func event(_ type: String, _ reason: String, _ message: String, _ fieldPath: String?, _ id: Int) -> JSON {
    var involved = object
    if let fieldPath { involved["fieldPath"] = .string(fieldPath) }
    let now = JSON.string(Date().formatted(.iso8601))
    var source: JSON = ["component": .string(component)]
    if let host { source["host"] = .string(host) }
    return [
      "metadata": ["name": .string("\(stem)\(id)"), "namespace": .string(namespace)], "involvedObject": involved,
      "reason": .string(reason), "message": .string(message), "source": source, "firstTimestamp": now,
      "lastTimestamp": now, "count": 1, "type": .string(type), "eventTime": .null,
      "reportingComponent": .string(component), "reportingInstance": .string(host ?? ""),
    ]
  }
}
