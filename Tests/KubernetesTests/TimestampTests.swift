import Foundation
import Kubernetes
import Testing

@Suite("Timestamps", .timeLimit(.minutes(5)))
struct TimestampTests {
  @Test("Dates are written as Kubernetes insists, and read as anybody writes them")
  func formats() {
    let date = Date(timeIntervalSince1970: 1_767_323_045.000_006)
    #expect(Timestamp.seconds(date) == "2026-01-02T03:04:05Z")
    #expect(Timestamp.microseconds(date) == "2026-01-02T03:04:05.000006Z")
    #expect(Timestamp.microseconds(Date(timeIntervalSince1970: 0)) == "1970-01-01T00:00:00.000000Z")
    #expect(Timestamp.microseconds(Date(timeIntervalSince1970: -0.5)) == "1969-12-31T23:59:59.500000Z")
    for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.0Z", "2026-01-02T05:04:05+02:00"] {
      #expect(Timestamp.date(text) == Date(timeIntervalSince1970: 1_767_323_045), "\(text)")
    }
    let precise = Timestamp.date("2026-01-02T03:04:05.123456789Z")?.timeIntervalSince1970 ?? 0
    #expect(abs(precise - 1_767_323_045.123456) < 0.000_01)
    for text in ["", "now", "2026-01-02", "2026-01-02T03:04:05.Z", "2026-13-02T03:04:05Z"] {
      #expect(Timestamp.date(text) == nil, "\(text)")
    }
  }
}
