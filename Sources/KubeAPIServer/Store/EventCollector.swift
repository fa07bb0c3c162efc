import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Deletes events an hour after they were last written, as an API server's storage lets them end.
package struct EventCollector {
  let store: Store

  package init(store: Store) { self.store = store }

  private static let lifetime: TimeInterval = 3600

  package func run() async {
    while (try? await Task.sleep(for: .seconds(60))) != nil { collect(at: store.now()) }
  }

  func collect(at now: Date) {
    for event in store.list(.events).items {
      let times = [event["lastTimestamp"], event["eventTime"], event[path: "metadata", "creationTimestamp"]]
      let last = times.compactMap { $0?.string.flatMap(HumanTime.date) }.max()
      guard let last, now.timeIntervalSince(last) > Self.lifetime else { continue }
      let name = ObjectName(event)
      _ = try? store.delete(.events, namespace: name.namespace, name: name.name)
    }
  }
}
