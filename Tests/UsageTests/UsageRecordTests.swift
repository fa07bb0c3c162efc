@testable import Usage
import Foundation
import Kubernetes
import Testing

@Suite("What was read of a cluster's events", .timeLimit(.minutes(10)))
struct UsageRecordTests {
  private static func event(version: Int, count: Int? = nil, first: String = "2026-01-02T03:00:00Z") -> Event {
    var event = Event(metadata: ObjectMeta(name: "e"), involvedObject: .init(kind: "Pod", name: "p"))
    event.metadata.resourceVersion = "\(version)"
    event.count = count
    event.firstTimestamp = first
    return event
  }

  @Test func anEventIsNewsOnce() throws {
    var record = UsageRecord()
    #expect(record.isNews(Self.event(version: 5, count: 3), "Pulled"), "nothing was read yet")
    record.saw("Pulled", upTo: 10, at: 1_767_324_000)  // 03:20
    #expect(!record.isNews(Self.event(version: 10), "Pulled"))
    #expect(record.isNews(Self.event(version: 11), "Pulled"))
    #expect(!record.isNews(Self.event(version: 11, count: 2), "Pulled"), "a container that started before")
    #expect(record.isNews(Self.event(version: 11, count: 2, first: "2026-01-02T03:30:00Z"), "Pulled"))
    #expect(record.isNews(Self.event(version: 5, count: 3), "Failed"), "each reason is read by itself")
    record.saw("Pulled", upTo: 4, at: 1_767_324_060)
    #expect(!record.isNews(Self.event(version: 10), "Pulled"), "it does not go back")
    let data = try JSONEncoder().encode(record)
    #expect(try JSONDecoder().decode(UsageRecord.self, from: data) == record)
  }
}
