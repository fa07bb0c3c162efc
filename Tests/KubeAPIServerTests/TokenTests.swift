import Documents
import NIOHTTP1
import Testing

@testable import KubeAPIServer

/// Tokens that are bound to pods, and what somebody learns who is shown one.
@Suite("API server: bound tokens", .timeLimit(.minutes(2))) struct TokenTests {
  private static let prefix = "authentication.kubernetes.io/"

  /// A pod `p` of the account `robot` on the node `n`.
  private func store() throws -> Store {
    let store = Store(hasAccounts: true)
    try store.create(["metadata": ["name": "n"]], as: .nodes)
    for name in ["robot", "other"] {
      try store.create(["metadata": ["name": .string(name), "namespace": "default"]], as: .serviceAccounts)
    }
    var pod = Samples.pod("p")
    pod[path: "spec", "serviceAccountName"] = "robot"
    pod[path: "spec", "nodeName"] = "n"
    try store.create(pod, as: .pods)
    return store
  }

  private func request(_ spec: JSON) -> JSON {
    ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec]
  }

  private func review(_ token: JSON?, _ audiences: JSON = [], _ wire: Wire) async throws -> JSON {
    let answer = try await wire.send(
      .POST, "/apis/authentication.k8s.io/v1/tokenreviews",
      [
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
        "spec": ["token": token ?? "", "audiences": audiences],
      ])
    #expect(answer.status == 201)
    return answer.json["status"] ?? [:]
  }

  private static let path = "/api/v1/namespaces/default/serviceaccounts/robot/token"

  @Test func tellPodNodeAndAudiences() async throws {
    let store = try store()
    let uids = (pod: store.get(.pods, namespace: "default", name: "p")?.uid, node: store.get(.nodes, name: "n")?.uid)
    try await Wire.with(store: store, configure: { ($0.isOpen, $0.hasRoles) = (true, true) }) { wire in
      let bound: JSON = ["audiences": ["prepull", "vault"], "boundObjectRef": ["kind": "Pod", "name": "p"]]
      let token = try await wire.send(.POST, Self.path, request(bound)).json[path: "status", "token"]
      let status = try await review(token, ["prepull", "elsewhere"], wire)
      #expect(status["authenticated"] == true)
      #expect(status["audiences"] == ["prepull"])
      #expect(status[path: "user", "username"] == "system:serviceaccount:default:robot")
      let extra = status[path: "user", "extra"] ?? [:]
      #expect(extra[Self.prefix + "pod-name"] == ["p"])
      #expect(extra[Self.prefix + "pod-uid"] == [.string(uids.pod ?? "")])
      #expect(extra[Self.prefix + "node-name"] == ["n"])
      #expect(extra[Self.prefix + "node-uid"] == [.string(uids.node ?? "")])
      #expect(extra[Self.prefix + "credential-id"]?.array?.first?.string?.hasPrefix("JTI=") == true)
      // Not for the API server, nor for others.
      for audiences: JSON in [[], ["elsewhere"]] {
        let status = try await review(token, audiences, wire)
        #expect(status["authenticated"] == nil && status["error"] == "invalid bearer token")
      }
      var holder = wire
      holder.token = token?.string
      #expect(try await holder.send(.GET, "/api/v1/nodes").status == 401)
      let plain = try await wire.send(.POST, Self.path, request([:])).json[path: "status", "token"]
      let free = try await review(plain, [], wire)
      #expect(free["authenticated"] == true && free[path: "user", "extra", Self.prefix + "node-name"] == nil)
      try store.delete(.pods, namespace: "default", name: "p", options: DeleteOptions(gracePeriod: 0))
      #expect(try await review(token, ["prepull"], wire)["authenticated"] == nil)
    }
  }

  @Test func ofOldClustersTellNoNode() async throws {
    try await Wire.with(
      store: try store(), configure: { ($0.isOpen, $0.hasRoles, $0.minorVersion) = (true, true, 29) }
    ) { wire in
      #expect(try await wire.send(.GET, "/version").json["gitVersion"]?.string?.hasPrefix("v1.29.") == true)
      let bound: JSON = ["audiences": ["prepull"], "boundObjectRef": ["kind": "Pod", "name": "p"]]
      let token = try await wire.send(.POST, Self.path, request(bound)).json[path: "status", "token"]
      let extra = try await review(token, ["prepull"], wire)[path: "user", "extra"]
      #expect(extra?.object?.keys.sorted() == [Self.prefix + "pod-name", Self.prefix + "pod-uid"])
    }
  }

  @Test func areBoundToPodsOfTheirAccountOnly() async throws {
    try await Wire.with(store: try store(), configure: { ($0.isOpen, $0.hasRoles) = (true, true) }) { wire in
      let cases: [(JSON, code: Int)] = [
        (["kind": "Pod", "name": "p"], 201), (["kind": "Pod", "name": "none"], 404),
        (["kind": "Pod", "name": "p", "uid": "old"], 409), (["kind": "ConfigMap", "name": "p"], 400),
      ]
      for (reference, code) in cases {
        let answer = try await wire.send(.POST, Self.path, request(["boundObjectRef": reference]))
        #expect(answer.status == code)
      }
      let other = try await wire.send(
        .POST, Self.path.replacing("robot", with: "other"),
        request(["boundObjectRef": ["kind": "Pod", "name": "p"]]))
      #expect(other.status == 400)
    }
  }
}
