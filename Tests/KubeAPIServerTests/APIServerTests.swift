import KubeAPIServer
import TestKit
import Documents
import NIOHTTP1
import Testing

@Suite("API server: over the wire", .timeLimit(.minutes(10))) struct APIServerTests {
  private let pods = "/api/v1/namespaces/default/pods"

  @Test func letsInOnlyWhomItKnows() async throws {
    try await Wire.with(configure: { $0.tokens = ["secret": ServerUser(name: "alice", groups: ["dev"])] }) { wire in
      #expect(try await wire.send(.GET, "/healthz").status == 200)
      let stranger = try await wire.send(.GET, pods)
      #expect(stranger.status == 401)
      #expect(stranger.json["reason"] == "Unauthorized")
      var alice = wire
      alice.token = "secret"
      #expect(try await alice.send(.GET, pods).status == 200)
      let review = try await alice.send(
        .POST, "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"],
        headers: ["Impersonate-User": "bob", "Impersonate-Group": "ops"])
      #expect(review.json[path: "status", "userInfo", "username"] == "bob")
      alice.token = "wrong"
      #expect(try await alice.send(.GET, pods).status == 401)
    }
  }

  @Test func refusesWhatIsDenied() async throws {
    try await Wire.with { wire in
      wire.server.faults.deny(DeniedPermission(verb: "create", resource: "pods", namespace: "default"))
      let refused = try await wire.send(.POST, pods, Samples.pod("a"))
      #expect(refused.status == 403)
      #expect(
        refused.json["message"]?.string
          == "pods is forbidden: User \"kubernetes-admin\" cannot create resource \"pods\" in API group \"\" in the "
          + "namespace \"default\"")
      func review(_ namespace: String) async throws -> JSON? {
        try await wire.send(
          .POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
          [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": [
              "resourceAttributes": ["verb": "create", "resource": "pods", "namespace": .string(namespace)]
            ],
          ]
        ).json[path: "status", "allowed"]
      }
      #expect(try await review("default") == false)
      #expect(try await review("kube-system") == true)
      #expect(
        wire.server.requestCounts[RequestKey(verb: "create", resource: "pods", client: "wire")] == 1)
    }
  }

  @Test func listsInPagesOfOneMoment() async throws {
    let store = Store()
    for index in 0..<5 { try store.create(Samples.configMap("m\(index)"), as: Samples.configMaps) }
    try await Wire.with(store: store) { wire in
      let path = "/api/v1/namespaces/default/configmaps?limit=2"
      let first = try await wire.send(.GET, path).json
      #expect(first["kind"] == "ConfigMapList")
      #expect(first["items"]?.array?.count == 2)
      #expect(first["items"]?.array?.first?["kind"] == nil)
      #expect(first[path: "metadata", "remainingItemCount"] == 3)
      try store.create(Samples.configMap("m9"), as: Samples.configMaps)
      var names: [String] = []
      var token = first[path: "metadata", "continue"]?.string
      while let next = token {
        let page = try await wire.send(.GET, path + "&continue=\(next)").json
        names += (page["items"]?.array ?? []).compactMap { $0[path: "metadata", "name"]?.string }
        #expect(page[path: "metadata", "resourceVersion"] == first[path: "metadata", "resourceVersion"])
        token = page[path: "metadata", "continue"]?.string
      }
      #expect(names == ["m2", "m3", "m4"])
      wire.server.compact()
      let expired = try await wire.send(
        .GET, path + "&continue=\(first[path: "metadata", "continue"]?.string ?? "")")
      #expect(expired.status == 410)
      #expect(expired.json["reason"] == "Expired")
    }
  }

  @Test func watchesFromAVersion() async throws {
    let store = Store()
    try await Wire.with(
      store: store,
      configure: { options in
        options.isOpen = true
        options.bookmarkInterval = .milliseconds(50)
      }
    ) { wire in
      try store.create(Samples.pod("before"), as: Samples.pods)
      let version = store.revision
      try store.create(Samples.pod("after"), as: Samples.pods)
      let events = try await wire.watch(
        "\(pods)?watch=1&allowWatchBookmarks=true&resourceVersion=\(version)",
        until: { $0.last?["type"] == "BOOKMARK" && $0.count > 2 },
        started: { try store.delete(Samples.pods, namespace: "default", name: "before") })
      #expect(events.first?["type"] == "ADDED")
      #expect(events.first?[path: "object", "metadata", "name"] == "after")
      #expect(events.first?[path: "object", "kind"] == "Pod")
      #expect(events.contains { $0["type"] == "DELETED" })
      #expect(events.last?[path: "object", "metadata", "resourceVersion"]?.string == String(store.revision))
      // The client's time limit ends it.
      let short = try await wire.watch("\(pods)?watch=1&timeoutSeconds=1")
      #expect(short.compactMap { $0[path: "object", "metadata", "name"] } == ["after"])
      wire.server.compact()
      let gone = try await wire.watch("\(pods)?watch=1&resourceVersion=\(version)")
      #expect(gone.first?["type"] == "ERROR")
      #expect(gone.first?[path: "object", "code"] == 410)
      let initial = try await wire.watch(
        "\(pods)?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
        until: { $0.last?["type"] == "BOOKMARK" })
      #expect(initial.last?[path: "object", "metadata", "annotations", "k8s.io/initial-events-end"] == "true")
    }
  }

  @Test func comesBackAfterARestart() async throws {
    let store = Store()
    try await Wire.with(store: store) { wire in
      let address = wire.server.address
      try store.create(Samples.pod("a"), as: Samples.pods)
      let seen = try await wire.watch(
        "\(pods)?watch=1",
        started: {
          await wire.server.restart(downFor: .milliseconds(50))
        })
      #expect(seen.count <= 1)
      var answer: Wire.Answer?
      for _ in 0..<200 where answer == nil {
        answer = try? await wire.send(.GET, pods)
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(answer?.json["items"]?.array?.count == 1)
      #expect(wire.server.address == address)
      // What came after the restart is left alone.
      let after = try await wire.watch("\(pods)?watch=1&timeoutSeconds=1")
      #expect(after.compactMap { $0[path: "object", "metadata", "name"] } == ["a"])
    }
  }

  @Test func cutsAndClosesWatches() async throws {
    try await Wire.with { wire in
      let cut = try await wire.watch(
        "\(pods)?watch=1",
        started: {
          try await eventually("a watch") { wire.server.watchCount > 0 }
          wire.server.cutWatches()
        })
      #expect(cut.isEmpty)
      wire.server.faults.closeWatches(after: .milliseconds(50))
      #expect(try await wire.watch("\(pods)?watch=1").isEmpty)
      try await eventually("no watch") { wire.server.watchCount == 0 }
    }
  }

  @Test func failsWhenToldTo() async throws {
    try await Wire.with { wire in
      wire.server.faults.fail(429, times: 1) { $0.verb == "list" }
      let limited = try await wire.send(.GET, pods)
      #expect(limited.status == 429)
      #expect(limited.headers.first(name: "Retry-After") == "1")
      #expect(try await wire.send(.GET, pods).status == 200)
    }
  }

  @Test func refusesWhatItCannotRead() async throws {
    try await Wire.with { wire in
      func post(_ path: String, _ body: JSON?, type: String = "application/json") async throws -> Int {
        try await wire.send(.POST, path, body, headers: ["Content-Type": type]).status
      }
      #expect(try await post(pods, [1]) == 400)
      #expect(try await post(pods, Samples.pod("a"), type: "application/cbor") == 415)
      #expect(try await post(pods, Samples.pod("a"), type: "application/vnd.kubernetes.protobuf") == 400)
      #expect(try await post("/api/v1/namespaces/other/pods", Samples.pod("a")) == 400)
      #expect(try await post(pods, Samples.daemonSet("a")) == 400)
      #expect(try await post("/api/v1/namespaces/default/nothings", [:]) == 404)
      var big = Samples.configMap("big")
      big[path: "data", "x"] = .string(String(repeating: "x", count: 1_200_000))
      let answer = try await wire.send(.POST, "/api/v1/namespaces/default/configmaps", big)
      #expect(answer.status == 422)
      #expect(answer.json["message"]?.string?.hasSuffix("Too long: may not be more than 1048576 bytes") == true)
      big[path: "data", "x"] = .string(String(repeating: "x", count: 4_000_000))
      #expect(try await wire.send(.POST, "/api/v1/namespaces/default/configmaps", big).status == 413)
    }
  }

  @Test func refusesStaleUpdates() async throws {
    let store = Store()
    try await Wire.with(store: store) { wire in
      let path = "/api/v1/namespaces/default/configmaps/m"
      let made = try store.create(Samples.configMap("m"), as: Samples.configMaps)
      try store.modify(Samples.configMaps, namespace: "default", name: "m") { $0[path: "data", "a"] = "1" }
      let stale = try await wire.send(.PUT, path, made)
      #expect(stale.status == 409)
      #expect(stale.json["message"]?.string?.contains("the object has been modified") == true)
      let patched = try await wire.send(
        .PATCH, path, ["data": ["a": .null, "b": "2"]],
        headers: ["Content-Type": "application/merge-patch+json"])
      #expect(patched.json["data"] == ["b": "2"])
    }
  }
}
