import Networking
import Documents
import Foundation
import Kubernetes
import Testing
import TestKit

@Suite("Requests over real sockets", .timeLimit(.minutes(5)))
struct ClientTests {
  static func local(_ server: ScriptedServer) -> ClusterConfiguration {
    ClusterConfiguration(server: "http://127.0.0.1:\(server.port)/base/")
  }

  static func map(_ name: String, version: Int = 1) -> String {
    #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"n","resourceVersion":"\#(version)"}}"#
  }

  @Test("Every verb has its method, path, query and body")
  func verbs() async throws {
    try await withScriptedServer({ request, _ in
      request.path.hasSuffix("reviews") ? .json(request.body) : .json(Self.map("a"))
    }) { server in
      var configuration = Self.local(server)
      configuration.authentication = .token("secret")
      configuration.impersonation = .init(user: "jane", uid: "7", groups: ["x", "y"], extra: ["a/b": ["1"]])
      try await withClient(configuration) { client in
        let object = ConfigMap(metadata: ObjectMeta(name: "a", namespace: "n"))
        _ = try await client.get(ConfigMap.self, "a b", in: "n")
        _ = try await client.create(object, dryRun: true)
        _ = try await client.apply(object, fieldManager: "me", force: false)
        _ = try await client.patch(ConfigMap.self, "a", in: "n", .merge(["data": .null]), subresource: "status")
        _ = try await client.patch(ConfigMap.self, "a", in: "n", .json([["op": "remove", "path": "/data"]]))
        try await client.delete(ConfigMap.self, "a", in: "n", uid: "u", propagation: .foreground, gracePeriod: 0)
        try await client.deleteAll(ConfigMap.self, in: "n", labels: "a=b,c!=d", propagation: .orphan)
        _ = try await client.object(DynamicResource(apiVersion: "apps/v1", plural: "deployments"), "d", in: "n")
        _ = try await client.replace(
          ["metadata": ["name": "d", "namespace": "n"], "x": 1],
          as: DynamicResource(apiVersion: "apps/v1", plural: "deployments"))
        _ = try await client.create(SelfSubjectAccessReview(asking: .init(verb: "get", resource: "pods")))
        _ = try await client.get(Namespace.self, "n", in: "ignored")
      }
      let sent = server.requests.map { "\($0.method) \($0.target) \($0.headers["content-type"] ?? "-")" }
      #expect(
        sent == [
          "GET /base/api/v1/namespaces/n/configmaps/a%20b -",
          "POST /base/api/v1/namespaces/n/configmaps?fieldManager=prepull&dryRun=All application/json",
          "PATCH /base/api/v1/namespaces/n/configmaps/a?fieldManager=me&force=false application/apply-patch+yaml",
          "PATCH /base/api/v1/namespaces/n/configmaps/a/status?fieldManager=prepull application/merge-patch+json",
          "PATCH /base/api/v1/namespaces/n/configmaps/a?fieldManager=prepull application/json-patch+json",
          "DELETE /base/api/v1/namespaces/n/configmaps/a application/json",
          "DELETE /base/api/v1/namespaces/n/configmaps?labelSelector=a%3Db%2Cc%21%3Dd application/json",
          "GET /base/apis/apps/v1/namespaces/n/deployments/d -",
          "PUT /base/apis/apps/v1/namespaces/n/deployments/d?fieldManager=prepull application/json",
          "POST /base/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldManager=prepull application/json",
          "GET /base/api/v1/namespaces/n -",
        ])
      let first = try #require(server.requests.first)
      #expect(first.headers["authorization"] == "Bearer secret" && first.headers["user-agent"] == "prepull")
      #expect(first.headers["impersonate-user"] == "jane" && first.headers["impersonate-group"] == "x, y")
      #expect(first.headers["impersonate-uid"] == "7" && first.headers["impersonate-extra-a%2Fb".lowercased()] == "1")
      #expect(first.headers["host"] == "127.0.0.1:\(server.port)")
      #expect(try JSON(parsing: server.requests[1].body)["kind"] == "ConfigMap")
      let deletion: JSON = [
        "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground", "gracePeriodSeconds": 0,
        "preconditions": ["uid": "u"],
      ]
      #expect(try JSON(parsing: server.requests[5].body) == deletion)
    }
  }

  @Test("Bodies are JSON that a reader of YAML 1.1 takes for the same: no escaped slash, no raw control character")
  func bodies() async throws {
    let text = "a/b \u{7f}\u{85}\u{9f}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff} \u{e9}\u{1f600} \"\\ \n"
    var object = ConfigMap(metadata: ObjectMeta(name: "a", namespace: "n", annotations: ["prepull.dev/x": "a/b"]))
    object.data = ["k": text]
    let json = try JSON(encoding: TypedResource(object))
    try await withScriptedServer({ request, _ in .json(Self.map("a")) }) { server in
      try await withClient(Self.local(server)) { client in
        let maps = DynamicResource(apiVersion: "v1", plural: "configmaps")
        _ = try await client.create(object)
        _ = try await client.apply(object)
        _ = try await client.apply(json, as: maps)
        _ = try await client.replace(json, as: maps)
        _ = try await client.patch(ConfigMap.self, "a", in: "n", .merge(json))
      }
      #expect(server.requests.count == 5)
      for request in server.requests {
        #expect(!request.body.contains("\\/") && request.body.contains(#""prepull.dev/x":"a/b""#))
        #expect(try JSON(parsing: request.body) == json)
        for scalar in request.body.unicodeScalars {
          let isPlain = (0x20...0x7e).contains(scalar.value) || scalar.value == 0xe9 || scalar.value == 0x1f600
          #expect(isPlain, "U+\(String(scalar.value, radix: 16)) is not escaped")
        }
      }
    }
  }

  @Test("Credentials are not sent in the clear over a network")
  func clear() async throws {
    try await withScriptedServer({ _, _ in .json("{}") }) { server in
      // 127.0.0.1 by a name that does not say so.
      var configuration = ClusterConfiguration(server: "http://[::ffff:127.0.0.1]:\(server.port)")
      configuration.authentication = .basic(username: "u", password: "secret")
      try await withClient(configuration) { _ = try await $0.getJSON("/version") }
      #expect(server.requests.first?.headers["authorization"] == nil)
    }
  }

  @Test("A list is fetched in pages; a token that expired begins it again")
  func pages() async throws {
    try await withScriptedServer({ request, number in
      switch number {
      case 1, 3:
        .json(#"{"metadata":{"resourceVersion":"7","continue":"t\#(number)"},"items":[\#(Self.map("a"))]}"#)
      case 2: .json(#"{"kind":"Status","reason":"Expired","message":"too old","code":410}"#, status: 410)
      default: .json(#"{"metadata":{"resourceVersion":"8"},"items":null}"#)
      }
    }) { server in
      try await withClient(Self.local(server)) { client in
        let (items, version) = try await client.list(ConfigMap.self, in: "n", labels: "a=b", fields: "x=y", pageSize: 1)
        #expect(items.map(\.metadata.name) == ["a"] && version == "8")
      }
      let start = "/base/api/v1/namespaces/n/configmaps?labelSelector=a%3Db&fieldSelector=x%3Dy&limit=1"
      #expect(server.requests.map(\.target) == [start, start + "&continue=t1", start, start + "&continue=t3"])
    }
  }

  @Test("What is safe to send again is sent again, after the wait that the server asks for")
  func again() async throws {
    let cases: [(status: Int, headers: [String], verb: String, tries: Int, waits: [Duration])] = [
      (429, ["Retry-After: 7"], "create", 3, [.seconds(7), .seconds(7)]),
      (503, ["Retry-After: 2"], "create", 3, [.seconds(2), .seconds(2)]),
      (503, [], "create", 1, []), (500, [], "create", 1, []), (504, [], "create", 1, []),
      (502, [], "get", 3, [.milliseconds(425), .milliseconds(850)]),
      (504, [], "get", 3, [.milliseconds(425), .milliseconds(850)]),
      (500, [], "apply", 3, [.milliseconds(425), .milliseconds(850)]),
      (429, ["Retry-After: 3600"], "get", 1, []), (403, [], "get", 1, []), (404, [], "get", 1, []),
      (409, [], "apply", 1, []),
    ]
    for item in cases {
      try await withScriptedServer({ _, _ in .json("{}", status: item.status, headers: item.headers) }) { server in
        let clock = ManualClock()
        let error = try await apiError {
          try await withClient(Self.local(server), clock: clock.clock) { client in
            let object = ConfigMap(metadata: ObjectMeta(name: "a", namespace: "n"))
            switch item.verb {
            case "create": _ = try await client.create(object)
            case "apply": _ = try await client.apply(object)
            default: _ = try await client.get(ConfigMap.self, "a", in: "n")
            }
          }
        }
        #expect(error?.status == item.status, "\(item)")
        #expect(server.requests.count == item.tries && clock.sleeps == item.waits, "\(item) \(clock.sleeps)")
      }
    }
  }

  @Test("A connection that is closed before the answer: reads are repeated, writes are not")
  func hangUp() async throws {
    try await withScriptedServer({ _, number in number == 1 ? .hangUp : .json(Self.map("a")) }) { server in
      try await withClient(Self.local(server)) { client in
        let result = try await client.get(ConfigMap.self, "a", in: "n")
        #expect(result.metadata.name == "a")
      }
      #expect(server.requests.count == 2)
    }
    try await withScriptedServer({ _, _ in .hangUp }) { server in
      let error = try await apiError {
        try await withClient(Self.local(server)) {
          _ = try await $0.create(ConfigMap(metadata: ObjectMeta(name: "a", namespace: "n")))
        }
      }
      #expect(error?.code == .interrupted && error?.isRetryable == true && server.requests.count == 1)
    }
  }

  @Test("Answers that are none")
  func nonsense() async throws {
    let cases: [(ScriptedServer.Reply, APIError.Code)] = [
      (.json("{"), .malformed), (.json(#"{"metadata":{"name":3}}"#), .malformed), (.json("[]"), .malformed),
      (.answer("<html>sign in</html>", type: "text/html", status: 200), .malformed),
      (.answer("<html>sign in</html>", type: "text/html", status: 401), .unauthorized),
      (.answer("", type: "text/html", status: 302, headers: ["Location: https://login"]), .malformed),
      (.json(Self.map("a"), promising: 5000), .interrupted),
      (.init(pieces: ["SSH-2.0-OpenSSH_9.9\r\n\r\n"], ending: .closes), .malformed),
    ]
    for (reply, code) in cases {
      try await withScriptedServer({ _, _ in reply }) { server in
        let error = try await apiError {
          try await withClient(Self.local(server)) { _ = try await $0.get(ConfigMap.self, "a", in: "n") }
        }
        #expect(error?.code == code, "\(reply.pieces) \(error?.description ?? "")")
        #expect(error?.remedy.isEmpty == false && error?.name == "a" && error?.verb == "get")
      }
    }
  }

  @Test("A server that does not answer is given up after the request's time; cancelling does not wait for it")
  func silence() async throws {
    try await withScriptedServer({ _, _ in .hang }) { server in
      var configuration = Self.local(server)
      configuration.requestTimeout = .milliseconds(100)
      let error = try await apiError {
        try await withClient(configuration) { _ = try await $0.get(ConfigMap.self, "a", in: "n") }
      }
      #expect(error?.code == .timedOut && server.requests.count == 1)
      configuration.requestTimeout = .seconds(600)
      let slow = configuration
      let task = Task { try await withClient(slow) { _ = try await $0.get(ConfigMap.self, "a", in: "n") } }
      try await eventually("a second request") { server.requests.count >= 2 }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test("Refused, and no such host, are distinguished, and say what to do")
  func unreachable() async throws {
    try await withRefusingPort { port in
      let clock = ManualClock()
      let error = try await apiError {
        try await withClient(ClusterConfiguration(server: "https://127.0.0.1:\(port)"), clock: clock.clock) {
          _ = try await $0.list(Pod.self)
        }
      }
      #expect(error?.code == .unreachable && error?.detail == "127.0.0.1:\(port) refused the connection")
      #expect(clock.sleeps.count == 2 && error?.isRetryable == true)
    }
    let error = try await apiError {
      try await withClient(ClusterConfiguration(server: "https://no-such-host.invalid"), retry: .never) {
        _ = try await $0.list(Pod.self)
      }
    }
    #expect(error?.code == .unreachable && error?.detail == "no such host: no-such-host.invalid")
  }

  @Test("More requests than places wait for their turn, and each is answered")
  func crowd() async throws {
    try await withScriptedServer({ _, _ in
      .init(pieces: ["", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], ending: .keepsAlive)
    }) { server in
      try await withClient(Self.local(server)) { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<300 { group.addTask { _ = try await client.getJSON("/version") } }
          try await group.waitForAll()
        }
        #expect(server.openConnections <= 32)
      }
      #expect(server.requests.count == 300)
    }
  }

  @Test("A token file is read again when the token is refused, once")
  func tokenFile() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/token"
      try Data("old\n".utf8).write(to: URL(filePath: path))
      try await withScriptedServer({ request, _ in
        request.headers["authorization"] == "Bearer new"
          ? .json("{}") : .json(#"{"kind":"Status","reason":"Unauthorized"}"#, status: 401)
      }) { server in
        var configuration = Self.local(server)
        configuration.authentication = .tokenFile(path)
        configuration.userName = "robot"
        let clock = ManualClock()
        try await withClient(configuration, clock: clock.clock) { client in
          let refused = try await apiError { _ = try await client.getJSON("/version") }
          #expect(refused?.code == .unauthorized && refused?.detail.contains("'robot'") == true)
          #expect(server.requests.count == 1)
          try Data("new\n".utf8).write(to: URL(filePath: path))
          _ = try await client.getJSON("/version")
          #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer old", "Bearer old", "Bearer new"])
          // A file that is gone for a moment leaves the token in use; it is looked at once a minute.
          try FileManager.default.removeItem(atPath: path)
          clock.advance(by: .seconds(61))
          _ = try await client.getJSON("/version")
        }
        let error = try await apiError { try await withClient(configuration) { _ = try await $0.getJSON("/version") } }
        #expect(error?.code == .credentials && error?.detail.contains(path) == true)
      }
    }
  }
}
