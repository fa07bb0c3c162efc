import Networking
import TestKit
import Foundation
import Kubernetes
import Synchronization
import Testing

/// Objects that this version cannot decode: one of them must not hide the others.
@Suite("Objects that cannot be decoded", .timeLimit(.minutes(2)))
struct SkippedObjectTests {
  private static func odd(_ name: String, _ version: Int = 1) -> String {
    #"{"metadata":{"name":"\#(name)","namespace":"n","resourceVersion":"\#(version)"},"data":{"key":["no text"]}}"#
  }

  private static func event(_ type: String, _ object: String) -> String {
    #"{"type":"\#(type)","object":\#(object)}"# + "\n"
  }

  private static func list(_ objects: [String], version: Int) -> ScriptedServer.Reply {
    .json(#"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(objects.joined(separator: ","))]}"#)
  }

  private final class Skipped: Sendable {
    private let objects = Mutex<[SkippedObject]>([])
    var all: [SkippedObject] { objects.withLock { $0 } }
    func add(_ object: SkippedObject) { objects.withLock { $0.append(object) } }
  }

  private static func watch(
    _ server: ScriptedServer, _ count: Int
  ) async throws -> (seen: [String], skipped: [SkippedObject], lines: [String]) {
    let (skipped, lines) = (Skipped(), LogLines())
    let client = try KubernetesClient(
      ClientTests.local(server), retry: .never, clock: ManualClock().clock, onSkipped: { skipped.add($0) },
      logger: lines.logger)
    var seen: [String] = []
    for try await event in client.watch(ConfigMap.self, in: "n") {
      switch event {
      case .restarted(let list): seen.append("list " + list.map { $0.metadata.name ?? "" }.joined(separator: ","))
      case .applied(let object): seen.append("applied \(object.metadata.name ?? "")")
      case .deleted(let object): seen.append("deleted \(object.metadata.name ?? "")")
      case .failed(let error, _): seen.append("failed \(error.code)")
      }
      if seen.count >= count { break }
    }
    await client.shutdown()
    return (seen, skipped.all, lines.all)
  }

  @Test("A list and a watch go on without them; each is named once in a warning, and counted each time")
  func skips() async throws {
    try await withScriptedServer({ _, number in
      switch number {
      case 1: Self.list([ClientTests.map("a"), Self.odd("x"), ClientTests.map("b")], version: 5)
      default:
        .stream(
          [
            Self.event("MODIFIED", Self.odd("x", 6)), Self.event("ADDED", Self.odd("y", 7)),
            Self.event("DELETED", Self.odd("y", 8)), Self.event("ADDED", ClientTests.map("c", version: 9)),
          ], ending: .hangs)
      }
    }) { server in
      let (seen, skipped, lines) = try await Self.watch(server, 2)
      #expect(seen == ["list a,b", "applied c"])
      #expect(skipped.map(\.name) == ["x", "x", "y", "y"])
      #expect(skipped.first?.resource == "configmaps" && skipped.first?.place == "data.key")
      let warnings = lines.filter { $0.hasPrefix("warning") }
      #expect(warnings.count == 2 && warnings[0].contains("object=n/x") && warnings[0].contains("data.key"))
      #expect(!warnings[0].contains("Expected"), "no decoder's words: \(warnings[0])")
    }
  }

  @Test("One that was good, then odd, and is gone is not kept for ever: a list says that it is gone")
  func deleted() async throws {
    try await withScriptedServer({ _, number in
      switch number {
      case 1: Self.list([ClientTests.map("a"), ClientTests.map("b")], version: 5)
      case 2:
        .stream([Self.event("MODIFIED", Self.odd("a", 6)), Self.event("DELETED", Self.odd("a", 7))], ending: .hangs)
      case 3: Self.list([ClientTests.map("b")], version: 8)
      default: .stream([Self.event("ADDED", ClientTests.map("z", version: 9))], ending: .hangs)
      }
    }) { server in
      let (seen, _, _) = try await Self.watch(server, 3)
      #expect(seen == ["list a,b", "list b", "applied z"])
    }
  }

  @Test("Lists of any command go on without them")
  func lists() async throws {
    try await withScriptedServer({ _, _ in Self.list([ClientTests.map("a"), #"{"metadata":7}"#, "null"], version: 5) })
    {
      server in
      try await withClient(ClientTests.local(server)) { client in
        let items = try await client.list(ConfigMap.self, in: "n").items
        #expect(items.map(\.metadata.name) == ["a"])
      }
    }
  }

  @Test("A watch that may not give up goes on after a refusal, and says how it fares")
  func persistent() async throws {
    for (status, reason) in [(401, "Unauthorized"), (403, "Forbidden"), (404, "NotFound")] {
      try await withScriptedServer({ _, number in
        switch number {
        case 1...12: .json(#"{"kind":"Status","reason":"\#(reason)"}"#, status: status)
        case 13: Self.list([ClientTests.map("a")], version: 5)
        default: .stream([Self.event("ADDED", ClientTests.map("b", version: 6))], ending: .hangs)
        }
      }) { server in
        let progress = Names()
        try await withClient(ClientTests.local(server), retry: .never) { client in
          let watch = client.watch(
            ConfigMap.self, in: "n", givesUp: false,
            onProgress: { if case .watching = $0 { progress.add("watching") } else { progress.add("failed") } })
          for try await event in watch {
            if case .applied = event { break }
          }
        }
        #expect(progress.all == Array(repeating: "failed", count: 12) + ["watching"])
      }
    }
  }
}
