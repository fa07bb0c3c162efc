import Documents
import NIOHTTP1
import TestKit
import Testing

@testable import KubeAPIServer

/// What admission and the rules of kinds refuse.
@Suite("API server: admission and rules", .timeLimit(.minutes(2))) struct AdmissionTests {
  private static let maps = "/api/v1/namespaces/default/configmaps"
  private static let yaml = ["Content-Type": "application/apply-patch+yaml"]

  @Test func aPolicyRefusesLeasesDryRunsTooAndTellsTheTime() async throws {
    try await Wire.with { wire in
      let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
      let lease: JSON = ["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"]]
      wire.server.store.policies.add(
        AdmissionPolicy("no-leases", message: "failed expression: false") { request, object in
          request.resource == "leases.coordination.k8s.io" && object[path: "metadata", "name"] == "l"
        })
      for query in ["", "?dryRun=All"] {
        let refused = try await wire.send(.POST, path + query, lease)
        #expect(refused.status == 422 && refused.json["reason"] == "Invalid")
        #expect(
          refused.json["message"]?.string
            == "leases.coordination.k8s.io \"l\" is forbidden: ValidatingAdmissionPolicy 'no-leases' with binding "
            + "'no-leases' denied request: failed expression: false")
      }
      #expect(try await wire.send(.GET, path).status == 200)
      wire.server.store.policies.remove("no-leases")
      #expect(try await wire.send(.POST, path, lease).status == 201)
    }
  }

  @Test func everyAnswerHasTheServersTime() async throws {
    try await Wire.with(configure: { $0.tokens = ["t": .admin] }) { wire in
      var known = wire
      known.token = "t"
      wire.server.faults.fail(503, times: 1) { $0.resource == "nodes" }
      let answers = [
        try await wire.send(.GET, "/healthz"), try await wire.send(.GET, Self.maps),
        try await known.send(.GET, Self.maps), try await known.send(.GET, Self.maps + "/none"),
        try await known.send(.GET, "/apis/none/v1"), try await known.send(.GET, "/api/v1/nodes"),
        try await known.send(.POST, Self.maps, text: "{"),
      ]
      #expect(answers.map(\.status) == [200, 401, 200, 404, 404, 503, 400])
      for answer in answers {
        let form = /[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/
        #expect(answer.headers["Date"].count == 1 && answer.headers["Date"][0].wholeMatch(of: form) != nil)
      }
    }
  }

  @Test func admissionRegistrationsAreStoredAndNotEvaluated() async throws {
    try await Wire.with { wire in
      let policy: JSON = [
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": ["name": "p"],
        "spec": [
          "matchConstraints": [
            "resourceRules": [["apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]]]
          ], "validations": [["expression": "false"]],
        ],
      ]
      let path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
      let stored = try await wire.send(.POST, path + "?fieldValidation=Strict", policy)
      let made = try await wire.send(.POST, Self.maps, Samples.configMap("a"))
      #expect(stored.status == 201 && made.status == 201)
    }
  }

  // MARK: Rules of kinds

  private static func problems(_ store: Store, _ object: JSON, _ resource: ResourceName) -> [String] {
    do { try store.create(object, as: resource) } catch {
      return (error.details?["causes"]?.array ?? []).map {
        "\($0["field"]?.string ?? "") \($0["message"]?.string ?? "")"
      }
    }
    return []
  }

  @Test func selectorsAndAffinitiesWithIllegalKeysAndValuesAreRefused() {
    let store = Store()
    var set = Samples.daemonSet("d")
    set[path: "spec", "selector"] = [
      "matchLabels": ["app": "d"],
      "matchExpressions": [["key": "a/b/c", "operator": "In", "values": ["x y"]], ["key": "n", "operator": "Gt"]],
    ]
    let found = Self.problems(store, set, Samples.daemonSets)
    #expect(found.contains { $0.hasPrefix("spec.selector.matchExpressions[0].key Invalid value: \"a/b/c\"") })
    #expect(found.contains { $0.hasPrefix("spec.selector.matchExpressions[0].values[0] Invalid value: \"x y\"") })
    #expect(
      found.contains(
        "spec.selector.matchExpressions[1].operator Invalid value: \"Gt\": not a valid selector operator"))
    var pod = Samples.pod("p")
    pod[path: "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"] = [
      "nodeSelectorTerms": [
        ["matchExpressions": [["key": "-k", "operator": "In"], ["key": "n", "operator": "Gt", "values": ["1"]]]]
      ]
    ]
    let terms = Self.problems(store, pod, Samples.pods)
    let place =
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"
    #expect(
      terms.contains("\(place).values Required value: must be specified when `operator` is 'In' or 'NotIn'"))
    #expect(terms.contains { $0.hasPrefix("\(place).key Invalid value: \"-k\"") } && terms.count == 2)
  }

  @Test func leasesTaintsAndSecretsHaveRules() throws {
    let store = Store()
    let lease: JSON = ["metadata": ["name": "l", "namespace": "default"], "spec": ["leaseDurationSeconds": 0]]
    #expect(
      Self.problems(store, lease, .leases) == [
        "spec.leaseDurationSeconds Invalid value: 0: must be greater than 0"
      ])
    let taint: JSON = ["key": "a", "effect": "NoSchedule"]
    let node: JSON = ["metadata": ["name": "n"], "spec": ["taints": [taint, taint, ["key": "b", "effect": "Never"]]]]
    let taints = Self.problems(store, node, Samples.nodes)
    #expect(taints.contains { $0.hasPrefix("spec.taints[1] Duplicate value") })
    #expect(taints.contains { $0.hasPrefix("spec.taints[2].effect Unsupported value: \"Never\"") })
    let secret: JSON = [
      "metadata": ["name": "s", "namespace": "default"], "type": "kubernetes.io/dockerconfigjson",
      "stringData": [".dockerconfigjson": "{auths"],
    ]
    #expect(
      Self.problems(store, secret, .secrets).first?.hasPrefix(
        "data[.dockerconfigjson] Invalid value: \"<secret contents redacted>\"") == true)
    let owner: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u", "controller": true]
    var map = Samples.configMap("m")
    map[path: "metadata", "ownerReferences"] = [owner, owner]
    #expect(Self.problems(store, map, Samples.configMaps).first?.contains("for o and o") == true)
  }

  @Test func aLeaseIsNotReplacedWithoutItsVersionNorItsTimesWithoutDigits() async throws {
    try await Wire.with { wire in
      let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
      func lease(_ time: String) -> JSON {
        [
          "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"],
          "spec": ["renewTime": .string(time)],
        ]
      }
      let whole = try await wire.send(.POST, path, lease("2026-01-01T00:00:00Z"))
      #expect(whole.status == 400)
      #expect(
        whole.json["message"]?.string
          == "Lease in version \"v1\" cannot be handled as a Lease: parsing time \"2026-01-01T00:00:00Z\" as "
          + "\"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\"")
      let made = try await wire.send(.POST, path, lease("2026-01-01T00:00:00.000000Z"))
      #expect(made.status == 201)
      let blind = try await wire.send(.PUT, path + "/l", lease("2026-01-01T00:00:01.000000Z"))
      #expect(blind.status == 422)
      #expect(
        blind.json["message"]?.string?.hasSuffix(
          "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update") == true)
    }
  }

  @Test func conflictsNameTheManagerAndTheTime() async throws {
    try await Wire.with { wire in
      let update: JSON = Samples.configMap("a", ["k": "1", "l": "1"])
      let made = try await wire.send(.POST, Self.maps + "?fieldManager=one", update)
      let time = made.json[path: "metadata", "managedFields"]?.array?.first?["time"]?.string ?? ""
      #expect(!time.isEmpty)
      let one = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"2"}}"#
      let first = try await wire.send(.PATCH, Self.maps + "/a?fieldManager=two", text: one, headers: Self.yaml)
      #expect(first.status == 409)
      #expect(
        first.json["message"]?.string
          == "Apply failed with 1 conflict: conflict with \"one\" using v1 at \(time): .data.k")
      let two = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"2","l":"2"}}"#
      let second = try await wire.send(.PATCH, Self.maps + "/a?fieldManager=two", text: two, headers: Self.yaml)
      #expect(
        second.json["message"]?.string
          == "Apply failed with 2 conflicts: conflicts with \"one\" using v1 at \(time):\n- .data.k\n- .data.l")
    }
  }

  // MARK: Limits and quotas

  private static func pod(_ name: String, _ resources: JSON = [:]) -> JSON {
    var pod = Samples.pod(name)
    pod[path: "spec", "containers"] = [["name": "c", "image": "i", "resources": resources]]
    return pod
  }

  private static func refusal(_ store: Store, _ pod: JSON) -> String? {
    do { try store.create(pod, as: Samples.pods) } catch { return error.code == 403 ? error.message : "\(error.code)" }
    return nil
  }

  @Test func limitRangesFillInAndRefuse() throws {
    let store = Store()
    try store.create(
      [
        "metadata": ["name": "r", "namespace": "default"],
        "spec": [
          "limits": [
            [
              "type": "Container", "max": ["cpu": "1"], "min": ["memory": "8Mi"],
              "default": ["cpu": "500m", "memory": "64Mi"],
            ]
          ]
        ],
      ], as: .limitRanges)
    let made = try store.create(Self.pod("a"), as: Samples.pods)
    let resources = made[path: "spec", "containers"]?.array?.first?["resources"]
    #expect(resources?["limits"] == ["cpu": "500m", "memory": "64Mi"])
    #expect(resources?["requests"] == ["cpu": "500m", "memory": "64Mi"])
    #expect(made[path: "status", "qosClass"] == "Guaranteed")
    #expect(
      made[path: "metadata", "annotations", "kubernetes.io/limit-ranger"]?.string
        == "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c")
    #expect(
      Self.refusal(store, Self.pod("b", ["limits": ["cpu": "2"], "requests": ["cpu": "1m", "memory": "1Mi"]]))
        == "pods \"b\" is forbidden: [minimum memory usage per Container is 8Mi, but request is 1Mi, maximum cpu usage "
        + "per Container is 1, but limit is 2]")
  }

  @Test func quotasCountAndAskForWhatTheyCount() throws {
    let store = Store()
    try store.create(
      ["metadata": ["name": "few", "namespace": "default"], "spec": ["hard": ["pods": "1"]]], as: .resourceQuotas)
    #expect(Self.refusal(store, Self.pod("a")) == nil)
    #expect(
      Self.refusal(store, Self.pod("b"))
        == "pods \"b\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1")
    // One that is over takes no place.
    try store.modify(Samples.pods, namespace: "default", name: "a", subresource: .status) {
      $0[path: "status", "phase"] = "Succeeded"
    }
    #expect(Self.refusal(store, Self.pod("b")) == nil)
    try store.delete(.resourceQuotas, namespace: "default", name: "few")
    try store.create(
      [
        "metadata": ["name": "sizes", "namespace": "default"],
        "spec": ["hard": ["limits.cpu": "1", "requests.memory": "100Mi"]],
      ], as: .resourceQuotas)
    #expect(
      Self.refusal(store, Self.pod("c"))
        == "pods \"c\" is forbidden: failed quota: sizes: must specify limits.cpu for: c; requests.memory for: c")
    #expect(
      Self.refusal(store, Self.pod("d", ["limits": ["cpu": "1500m"], "requests": ["memory": "64Mi"]]))
        == "pods \"d\" is forbidden: exceeded quota: sizes, requested: limits.cpu=1500m, used: limits.cpu=0, limited: "
        + "limits.cpu=1")
    #expect(Self.refusal(store, Self.pod("d", ["limits": ["cpu": "1"], "requests": ["memory": "64Mi"]])) == nil)
  }
}
