import Networking
import TestKit
import Documents
import Foundation
import Kubernetes
import Testing

@Suite("Writing events", .timeLimit(.minutes(5)))
struct EventRecorderTests {
  @Test("The same event again counts up the one that is there; one that is forgotten is written as a new one")
  func counting() async throws {
    try await withScriptedServer({ request, number in
      switch number {
      case 3: .json(#"{"kind":"Status","reason":"NotFound","code":404}"#, status: 404)
      case 6...: .json("{}", status: 500)
      default: .json(request.method == "PATCH" ? #"{"metadata":{},"involvedObject":{}}"# : request.body)
      }
    }) { server in
      let clock = ManualClock(start: Date(timeIntervalSince1970: 1_767_323_045))
      try await withClient(ClientTests.local(server), retry: .never, clock: clock.clock) { client in
        let recorder = EventRecorder(client, component: "prepull", instance: "host")
        let object = Event.ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: "run", uid: "u")
        await recorder.record(reason: "Warmed", message: "all nodes", about: object)
        await recorder.record(reason: "Warmed", message: "all nodes", about: object)
        await recorder.record(reason: "Warmed", message: "all nodes", about: object)
        await recorder.record(.warning, reason: "Failed", message: String(repeating: "x", count: 3000), about: object)
        // That an event cannot be written is no failure.
        await recorder.record(reason: "Other", message: "m", about: object)
      }
      #expect(server.requests.map(\.method) == ["POST", "PATCH", "PATCH", "POST", "POST", "POST"])
      let first = try JSON(parsing: server.requests[0].body)
      #expect(first["reason"] == "Warmed" && first["count"] == 1 && first["type"] == "Normal")
      #expect(first["firstTimestamp"] == "2026-01-02T03:04:05Z" && first["reportingComponent"] == "prepull")
      #expect(first[path: "involvedObject", "uid"] == "u" && first[path: "metadata", "namespace"] == "n")
      let name = try #require(first[path: "metadata", "name"]?.string)
      #expect(name.hasPrefix("run."))
      #expect(server.requests[1].path.hasSuffix("/events/\(name)"))
      #expect(try JSON(parsing: server.requests[1].body)["count"] == 2)
      #expect(try JSON(parsing: server.requests[4].body)["message"]?.string?.utf8.count == 1020)
    }
  }
}
