import Networking
import Documents
import Logging
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes Events about objects; the same event again only counts up the one that is there.
///
/// Nothing depends on Events: that one cannot be written is logged and no error.
package final class EventRecorder: Sendable {
  package enum Kind: String, Hashable, Sendable {
    case normal = "Normal"
    case warning = "Warning"
  }

  private struct Key: Hashable {
    let uid: String
    let kind: Kind
    let reason: String
    let message: String
  }

  private struct Entry {
    let name: String
    let namespace: String
    var count: Int
    var order: Int
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var lastOrder = 0
  }

  /// Events remembered for counting; the oldest are forgotten, and then written as new ones.
  private static let memory = 512

  private let client: KubernetesClient
  private let component: String
  private let instance: String
  private let state = Mutex(State())

  /// - Parameters:
  ///   - component: who writes, `prepull`.
  ///   - instance: which of them, a pod's or a host's name.
  package init(_ client: KubernetesClient, component: String, instance: String) {
    self.client = client
    self.component = component
    self.instance = instance
  }

  /// - Parameters:
  ///   - reason: one word in CamelCase.
  ///   - message: for people; cut to the 1024 bytes that the API allows.
  package func record(
    _ kind: Kind = .normal, reason: String, message: String, about object: Event.ObjectReference
  ) async {
    let message = String(decoding: message.utf8.prefix(1020), as: UTF8.self)
    let key = Key(uid: object.uid ?? object.name ?? "", kind: kind, reason: reason, message: message)
    let now = client.clock.date()
    do {
      if let entry = count(key), try await update(entry, at: now) { return }
      let entry = Entry(
        name: name(of: object, now), namespace: object.namespace.nonEmpty ?? "default", count: 1, order: 0)
      _ = try await client.create(event(entry, kind, reason: reason, message: message, object, now))
      remember(entry, as: key)
    } catch {
      client.logger.debug("event not written", metadata: ["reason": "\(reason)", "error": "\(error)"])
    }
  }

  private func event(
    _ entry: Entry, _ kind: Kind, reason: String, message: String, _ object: Event.ObjectReference, _ now: Date
  ) -> Event {
    var event = Event(
      metadata: ObjectMeta(name: entry.name, namespace: entry.namespace), involvedObject: object)
    event.type = kind.rawValue
    event.reason = reason
    event.message = message
    event.source = Event.Source(component: component, host: instance)
    event.firstTimestamp = Timestamp.seconds(now)
    event.lastTimestamp = Timestamp.seconds(now)
    event.count = 1
    event.reportingComponent = component
    event.reportingInstance = instance
    return event
  }

  /// As the other components name them: the object, a dot, the time in nanoseconds as hexadecimal.
  private func name(of object: Event.ObjectReference, _ now: Date) -> String {
    let nanoseconds =
      UInt64(max(0, now.timeIntervalSince1970) * 1_000_000) * 1000 + UInt64(client.clock.random() * 1000)
    return "\((object.name ?? "prepull").prefix(200)).\(String(nanoseconds, radix: 16))"
  }

  private func count(_ key: Key) -> Entry? {
    state.withLock { state in
      guard var entry = state.entries[key] else { return nil }
      state.lastOrder += 1
      entry.count += 1
      entry.order = state.lastOrder
      state.entries[key] = entry
      return entry
    }
  }

  private func remember(_ entry: Entry, as key: Key) {
    state.withLock { state in
      state.lastOrder += 1
      state.entries[key] = Entry(
        name: entry.name, namespace: entry.namespace, count: entry.count, order: state.lastOrder)
      if state.entries.count > Self.memory, let oldest = state.entries.min(by: { $0.value.order < $1.value.order }) {
        state.entries[oldest.key] = nil
      }
    }
  }

  /// Whether the event was still there: the API server forgets them after an hour.
  private func update(_ entry: Entry, at now: Date) async throws -> Bool {
    let patch: JSON = ["count": .integer(Int64(entry.count)), "lastTimestamp": .string(Timestamp.seconds(now))]
    do {
      _ = try await client.patch(Event.self, entry.name, in: entry.namespace, .merge(patch))
      return true
    } catch let error as APIError where error.code == .notFound {
      return false
    }
  }
}
