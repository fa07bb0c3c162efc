import Networking
import Foundation
import Kubernetes
import Synchronization
import Testing
import TestKit

@Suite("Watch over real sockets", .timeLimit(.minutes(5)))
struct WatchTests {
  static func event(_ type: String, _ name: String, _ version: Int) -> String {
    #"{"type":"\#(type)","object":\#(ClientTests.map(name, version: version))}"# + "\n"
  }

  static func list(_ names: [String], version: Int) -> ScriptedServer.Reply {
    .json(
      #"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(names.map { ClientTests.map($0) }.joined(separator: ","))]}"#
    )
  }

  static let bookmark = #"{"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"resourceVersion":"90"}}}"# + "\n"
  static let gone =
    #"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","message":"too old","code":410}}"#
    + "\n"

  /// What a watch reports, as words, until it reported `count` events or failed.
  static func seen(
    _ server: ScriptedServer, _ count: Int, clock: ManualClock = ManualClock(), watchTimeout: Duration = .seconds(290)
  ) async throws -> [String] {
    var seen: [String] = []
    let configuration = ClientTests.local(server)
    try await withClient(configuration, retry: .never, watchTimeout: watchTimeout, clock: clock.clock) { client in
      do {
        for try await event in client.watch(ConfigMap.self, in: "n", labels: "a=b") {
          switch event {
          case .restarted(let list): seen.append("list " + list.map { $0.metadata.name ?? "" }.joined(separator: ","))
          case .applied(let object): seen.append("applied \(object.metadata.name ?? "")")
          case .deleted(let object): seen.append("deleted \(object.metadata.name ?? "")")
          case .failed(let error, _): seen.append("failed \(error.code)")
          }
          if seen.count >= count { break }
        }
      } catch let error as APIError {
        seen.append("thrown \(error.code)")
      }
    }
    return seen
  }

  static func watches(_ server: ScriptedServer) -> [String] {
    server.requests.filter { $0.target.contains("watch=true") }.map { request in
      request.target.split(separator: "&").first { $0.hasPrefix("resourceVersion=") }.map(String.init) ?? ""
    }
  }

  @Test("It lists, follows, goes on after an end, and lists again after 410")
  func follows() async throws {
    try await withScriptedServer({ request, number in
      switch number {
      case 1: Self.list(["a", "b"], version: 5)
      case 2: .stream([Self.event("ADDED", "c", 6), Self.event("MODIFIED", "a", 7), Self.bookmark])
      case 3: .stream([Self.event("DELETED", "a", 91), Self.gone])
      case 4: Self.list(["b"], version: 95)
      default: .stream([Self.event("ADDED", "z", 96)])
      }
    }) { server in
      let seen = try await Self.seen(server, 6)
      #expect(seen == ["list a,b", "applied c", "applied a", "deleted a", "list b", "applied z"])
      #expect(Self.watches(server) == ["resourceVersion=5", "resourceVersion=90", "resourceVersion=95"])
      let target = server.requests[1].target
      #expect(target.contains("allowWatchBookmarks=true&") && target.hasSuffix("timeoutSeconds=290"))
      #expect(target.contains("labelSelector=a%3Db"))
    }
  }

  @Test("Lines come whole over any pieces; one that is cut off is not believed, and comes again")
  func cut() async throws {
    let line = Self.event("ADDED", "c", 6)
    let (head, tail) = (String(line.prefix(30)), String(line.dropFirst(30)))
    try await withScriptedServer({ request, number in
      switch number {
      case 1: Self.list([], version: 5)
      case 2: .stream([head, tail + String(Self.event("ADDED", "d", 7).prefix(50))])
      case 3: .cut([Self.event("ADDED", "d", 7), head])
      default: .stream([Self.event("ADDED", "e", 8)], ending: .hangs)
      }
    }) { server in
      let seen = try await Self.seen(server, 4)
      #expect(seen == ["list ", "applied c", "applied d", "applied e"])
      #expect(Self.watches(server) == ["resourceVersion=5", "resourceVersion=6", "resourceVersion=7"])
    }
  }

  @Test("A line of megabytes is read")
  func longLine() async throws {
    let big = String(repeating: "x", count: 6_000_000)
    let line =
      #"{"type":"ADDED","object":{"metadata":{"name":"big","namespace":"n","resourceVersion":"6"},"data":{"a":"\#(big)"}}}"#
    try await withScriptedServer({ _, number in
      number == 1 ? Self.list([], version: 5) : .stream([line + "\n"], ending: .hangs)
    }) { server in
      let seen = try await Self.seen(server, 2)
      #expect(seen == ["list ", "applied big"])
    }
  }

  @Test("A watch that is closed at once again and again is opened with pauses, and nothing is listed")
  func closedAtOnce() async throws {
    try await withScriptedServer({ _, number in
      switch number {
      case 1: Self.list(["a"], version: 5)
      case 2..<10: .stream([])
      default: .stream([Self.event("ADDED", "b", 6)], ending: .hangs)
      }
    }) { server in
      let clock = ManualClock()
      let seen = try await Self.seen(server, 2, clock: clock)
      #expect(seen == ["list a", "applied b"])
      #expect(server.requests.filter { !$0.target.contains("watch=true") }.count == 1)
      #expect(clock.sleeps.count == 8 && clock.sleeps.allSatisfy { $0 >= .milliseconds(400) && $0 <= .seconds(2) })
    }
  }

  @Test("A silent connection is given up, and the watch goes on")
  func silence() async throws {
    try await withScriptedServer({ _, number in
      switch number {
      case 1: Self.list(["a"], version: 5)
      case 2: .stream([Self.event("ADDED", "b", 6)], ending: .hangs)
      default: .stream([Self.event("ADDED", "c", 7)], ending: .hangs)
      }
    }) { server in
      // The idle limit is five seconds above the time that the server is asked for.
      let seen = try await Self.seen(server, 3, watchTimeout: .milliseconds(-4800))
      #expect(seen == ["list a", "applied b", "applied c"])
      #expect(Self.watches(server) == ["resourceVersion=5", "resourceVersion=6"])
    }
  }

  @Test("What will not heal is thrown, what may is seen and tried again")
  func failures() async throws {
    @Sendable func refusal(_ status: Int, _ reason: String) -> ScriptedServer.Reply {
      .json(#"{"kind":"Status","reason":"\#(reason)","message":"no"}"#, status: status)
    }
    for (status, reason, code) in [
      (401, "Unauthorized", "unauthorized"), (403, "Forbidden", "forbidden"), (404, "NotFound", "notFound"),
    ] {
      try await withScriptedServer({ _, _ in refusal(status, reason) }) { server in
        let seen = try await Self.seen(server, 9)
        #expect(seen == ["thrown \(code)"])
      }
      try await withScriptedServer({ _, number in
        number == 1 ? Self.list([], version: 5) : refusal(status, reason)
      }) { server in
        let seen = try await Self.seen(server, 9)
        #expect(seen == ["list ", "thrown \(code)"])
      }
      // Once it worked, a refusal is borne for a while: a server that starts has no roles yet.
      try await withScriptedServer({ _, number in
        switch number {
        case 1: Self.list([], version: 5)
        case 2: .stream([])
        case 3...12: .json("{}", status: 503)
        default: refusal(status, reason)
        }
      }) { server in
        let seen = try await Self.seen(server, 20)
        #expect(seen.prefix(2) == ["list ", "failed serverError"] && seen.count == 16)
        #expect(seen.suffix(5) == Array(repeating: "failed \(code)", count: 4) + ["thrown \(code)"])
      }
    }
    try await withScriptedServer({ _, number in
      switch number {
      case 1: .json("{}", status: 500)
      case 2: .hangUp
      case 3: Self.list(["a"], version: 5)
      case 4: .json("{}", status: 503)
      case 5: .stream(["<html>\n"])
      default: .stream([Self.event("ADDED", "b", 6)], ending: .hangs)
      }
    }) { server in
      let clock = ManualClock()
      let seen = try await Self.seen(server, 6, clock: clock)
      #expect(
        seen == [
          "failed serverError", "failed interrupted", "list a", "failed serverError", "failed malformed", "applied b",
        ])
      #expect(clock.sleeps.count == 4 && server.requests.count == 6)
    }
  }

  @Test("Leaving the loop and cancelling close the connection")
  func ends() async throws {
    try await withScriptedServer({ _, number in
      number % 2 == 1
        ? Self.list(["a"], version: 5) : .stream([Self.event("ADDED", "b", 6)], ending: .hangs)
    }) { server in
      try await withClient(ClientTests.local(server)) { client in
        for try await event in client.watch(ConfigMap.self, in: "n") {
          if case .applied = event { break }
        }
        let task = Task {
          for try await event in client.watch(ConfigMap.self, in: "n") {
            if case .applied = event { continue }
          }
        }
        try await eventually("four requests") { server.requests.count >= 4 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // What is left are connections that can be used again for requests.
        try await eventually("one connection") { server.openConnections <= 1 }
      }
    }
  }

  @Test("A store of a watch tells what vanished between two lists")
  func store() async throws {
    try await withScriptedServer({ _, number in
      switch number {
      case 1: Self.list(["a", "b"], version: 5)
      case 2: .stream([Self.event("ADDED", "c", 6), Self.gone])
      case 3: Self.list(["b"], version: 9)
      default: .stream([Self.event("MODIFIED", "b", 10)], ending: .hangs)
      }
    }) { server in
      try await withClient(ClientTests.local(server)) { client in
        var store = ObjectStore<ConfigMap>()
        var changes: [String] = []
        for try await event in client.watch(ConfigMap.self, in: "n") {
          if case .failed = event { changes.append("failed") }
          for change in store.apply(event) {
            switch change {
            case .added(let object): changes.append("+\(object.metadata.name ?? "")")
            case .deleted(let object): changes.append("-\(object.metadata.name ?? "")")
            case .modified(_, let object): changes.append("~\(object.metadata.name ?? "")")
            }
          }
          if changes.last?.hasPrefix("~") == true { break }
        }
        #expect(changes == ["+a", "+b", "+c", "-a", "-c", "~b"] || changes == ["+a", "+b", "+c", "-c", "-a", "~b"])
        #expect(store.objects.count == 1)
        #expect(store.objects[.init(namespace: "n", name: "b")]?.metadata.resourceVersion == "10")
      }
    }
  }
}
