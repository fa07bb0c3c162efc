import TestKit
import Foundation
import Kubernetes
import Logging
import Networking
import Synchronization
import Testing

@Suite("The server's date", .timeLimit(.minutes(2)))
struct ServerDateTests {
  private let header = "Date: Fri, 02 Jan 2026 03:04:05 GMT"
  private let date = Date(timeIntervalSince1970: 1_767_323_045.5)

  @Test(
    "Any answer states it, a refusal too, and it goes on from there by this machine's steady clock",
    arguments: [200, 403, 404, 422, 500])
  func answers(status: Int) async throws {
    try await withScriptedServer({ [header] _, _ in
      .json(#"{"kind":"Status","reason":"x"}"#, status: status, headers: [header])
    }) { server in
      let clock = ManualClock(start: Date(timeIntervalSince1970: 0))
      try await withClient(ClientTests.local(server), retry: .never, clock: clock.clock) { client in
        _ = try? await client.get(ConfigMap.self, "a", in: "n")
        #expect(await client.serverDate() == date)
        clock.advance(by: .seconds(100))
        #expect(await client.serverDate() == date.addingTimeInterval(100))
        #expect(server.requests.count == 1)
      }
    }
  }

  @Test("Where nothing was asked yet it asks once")
  func asks() async throws {
    try await withScriptedServer({ [header] _, _ in .json("{}", status: 422, headers: [header]) }) { server in
      let clock = ManualClock()
      try await withClient(ClientTests.local(server), retry: .never, clock: clock.clock) { client in
        #expect(await client.serverDate() == date)
        #expect(await client.serverDate() == date)
        #expect(server.requests.map(\.path) == ["/base/version"])
      }
    }
  }

  @Test(
    "A server without a date, or that is not there, is not asked for ever: this machine's clock is used, and warned of")
  func none() async throws {
    let start = Date(timeIntervalSince1970: 5)
    for hangsUp in [false, true] {
      try await withScriptedServer({ _, _ in hangsUp ? .hangUp : .json("{}", status: 422) }) { server in
        let lines = LogLines()
        let client = try KubernetesClient(
          ClientTests.local(server), retry: .never, clock: ManualClock(start: start).clock, logger: lines.logger)
        #expect(await client.serverDate() == start)
        #expect(await client.serverDate() == start)
        await client.shutdown()
        #expect(lines.all.filter { $0.hasPrefix("warning") && $0.contains("this machine's clock") }.count == 1)
        #expect(server.requests.count <= 2)
      }
    }
  }

  @Test("Dates of headers are read, and nothing else")
  func parsing() {
    #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == Date(timeIntervalSince1970: 784_111_777))
    for text in ["", "now", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "1994-11-06T08:49:37Z"] {
      #expect(HTTPDate.parse(text) == nil, "\(text)")
    }
  }
}
