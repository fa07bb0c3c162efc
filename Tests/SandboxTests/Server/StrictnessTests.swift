import Documents
import NIOHTTP1
import Testing

@testable import Sandbox

/// What a real API server refuses, and ours let pass once.
@Suite("API server: as strict as a real one", .timeLimit(.minutes(2))) struct StrictnessTests {
  private static let maps = "/api/v1/namespaces/default/configmaps"
  private static let yaml = ["Content-Type": "application/apply-patch+yaml"]

  private static func applied(_ text: String, strict: Bool = false) async throws -> Wire.Answer {
    try await Wire.with { wire in
      try await wire.send(
        .PATCH, "\(maps)/a?fieldManager=t" + (strict ? "&fieldValidation=Strict" : ""), text: text, headers: yaml)
    }
  }

  private static func map(_ value: String) -> String {
    #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"\#(value)"}}"#
  }

  // MARK: Apply bodies are YAML 1.1. What Go's sigs.k8s.io/yaml 1.3 said of each, taken by running it.

  @Test(
    "JSON that is no YAML 1.1 is refused with Go's words",
    arguments: [
      (#"a\/b"#, "yaml: found unknown escape character"),
      (#"\ud83d\ude00"#, "yaml: found invalid Unicode character escape code"),
      (#"\ud83d"#, "yaml: found invalid Unicode character escape code"),
      ("\u{7f}", "yaml: control characters are not allowed"),
      ("\u{80}", "yaml: control characters are not allowed"),
      ("\u{fffe}", "yaml: control characters are not allowed"),
      (#"\q"#, "yaml: found unknown escape character"),
    ])
  func refusedYAML(_ value: String, _ problem: String) async throws {
    let answer = try await Self.applied(Self.map(value))
    #expect(answer.status == 400)
    #expect(answer.json["message"]?.string == "error decoding YAML: error converting YAML to JSON: \(problem)")
  }

  @Test func theLineOfAFaultIsToldFromTheSecondOn() async throws {
    let answer = try await Self.applied("{\n\"kind\": \"a\\/b\"}")
    #expect(answer.json["message"]?.string?.hasSuffix("yaml: line 2: found unknown escape character") == true)
  }

  @Test(
    "JSON that YAML 1.1 reads otherwise is read so",
    arguments: [
      (#"\u2028\b\f\n\r\t\"\\\u0000\u007f"#, "\u{2028}\u{8}\u{c}\n\r\t\"\\\u{0}\u{7f}"),
      ("x \u{85} y", "x y"), ("x\u{2028}y", "x\u{2028}y"), ("x\u{2029}", "x\u{2029}"), ("x\u{feff}y", "x\u{feff}y"),
      ("\u{fc}\u{1f600}", "\u{fc}\u{1f600}"),
    ])
  func readYAML(_ value: String, _ meaning: String) throws {
    let json = try AppliedYAML.read(Array(Self.map(value).utf8))
    #expect(json[path: "data", "k"] == .string(meaning))
  }

  @Test func keysHaveALimitInYAML() throws {
    func body(_ count: Int) -> [UInt8] { Array(#"{"\#(String(repeating: "k", count: count))":1}"#.utf8) }
    #expect(try AppliedYAML.read(body(1022)).object?.count == 1)
    #expect(throws: StatusError.self) { try AppliedYAML.read(body(1023)) }
  }

  @Test func applyingAFieldThatTheKindHasNotIsAnErrorWithoutAnyValidation() async throws {
    let object = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","lables":{}},"dta":{}}"#
    let answer = try await Self.applied(object)
    #expect(answer.status == 500 && answer.json["reason"] == nil)
    #expect(
      answer.json["message"]?.string
        == "failed to create typed patch object (/a; /v1, Kind=ConfigMap): errors:\n"
        + "  .dta: field not declared in schema\n  .metadata.lables: field not declared in schema\n")
    let pod = #"""
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i",
      "env":[{"name":"X"},{"name":"X"}],"comand":[]}]}}
      """#
    let refused = try await Wire.with { wire in
      try await wire.send(
        .PATCH, "/api/v1/namespaces/default/pods/a?fieldManager=t", text: pod, headers: Self.yaml)
    }
    let message = refused.json["message"]?.string ?? ""
    #expect(message.contains(#".spec.containers[name="c"].comand: field not declared in schema"#), "\(message)")
    #expect(message.contains(#".spec.containers[name="c"].env: duplicate entries for key [name="X"]"#), "\(message)")
    let twice = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}"#
    let strict = try await Self.applied(twice, strict: true)
    #expect(strict.json["message"]?.string?.hasSuffix("line 1: key \"k\" already set in map") == true)
    #expect(try await Self.applied(twice).json[path: "data", "k"] == "2")
  }

  // MARK: Fields

  @Test(
    "Unknown fields are refused, warned of or passed over, and never kept",
    arguments: [
      (
        "/api/v1/namespaces/default/pods", "Pod", "v1",
        #""spec":{"containers":[{"name":"c","image":"i","imagePolicy":"x"}]}"#, "spec.containers[0].imagePolicy"
      ),
      ("/api/v1/namespaces/default/configmaps", "ConfigMap", "v1", #""datas":{}"#, "datas"),
      ("/api/v1/namespaces/default/secrets", "Secret", "v1", #""datas":{}"#, "datas"),
      (
        "/api/v1/namespaces/default/events", "Event", "v1", #""involvedObject":{"namespace":"default"},"text":"x""#,
        "text"
      ),
      ("/api/v1/namespaces", "Namespace", "v1", #""spec":{"owner":"x"}"#, "spec.owner"),
      ("/api/v1/namespaces/default/serviceaccounts", "ServiceAccount", "v1", #""pullSecrets":[]"#, "pullSecrets"),
      (
        "/apis/coordination.k8s.io/v1/namespaces/default/leases", "Lease", "coordination.k8s.io/v1",
        #""spec":{"holder":"x"}"#, "spec.holder"
      ),
      (
        "/apis/rbac.authorization.k8s.io/v1/clusterroles", "ClusterRole", "rbac.authorization.k8s.io/v1",
        #""rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"names":[]}]"#, "rules[0].names"
      ),
      (
        "/apis/apps/v1/namespaces/default/daemonsets", "DaemonSet", "apps/v1",
        #""spec":{"selector":{"matchLabels":{"a":"b"}},"replicas":1,"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}"#,
        "spec.replicas"
      ),
      (
        "/apis/apps/v1/namespaces/default/deployments", "Deployment", "apps/v1",
        #""spec":{"selector":{"matchLabels":{"a":"b"}},"updateStrategy":{},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}"#,
        "spec.updateStrategy"
      ),
      (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "CustomResourceDefinition",
        "apiextensions.k8s.io/v1",
        #""spec":{"version":"v1","group":"x.y","scope":"Cluster","names":{"plural":"as","kind":"A"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}"#,
        "spec.version"
      ),
    ])
  func unknownFields(_ path: String, _ kind: String, _ version: String, _ fields: String, _ unknown: String)
    async throws
  {
    let name = kind == "CustomResourceDefinition" ? "as.x.y" : "a"
    let body = #"{"apiVersion":"\#(version)","kind":"\#(kind)","metadata":{"name":"\#(name)"},\#(fields)}"#
    try await Wire.with { wire in
      let strict = try await wire.send(.POST, path + "?fieldValidation=Strict", text: body)
      #expect(strict.status == 400)
      let words = version.split(separator: "/").last ?? ""
      #expect(
        strict.json["message"]?.string
          == "\(kind) in version \"\(words)\" cannot be handled as a \(kind): strict decoding error: unknown field "
          + "\"\(unknown)\"")
      // Without a word real servers warn, and so do ours.
      let warned = try await wire.send(.POST, path, text: body)
      #expect(warned.status == 201, "\(warned.json["message"]?.string ?? "")")
      #expect(warned.headers["Warning"].first == #"299 - "unknown field \"\#(unknown)\"""#)
      let last = String(unknown.split(separator: ".").last ?? "")
      #expect(!warned.json.text.contains("\"\(last)\":"))
      let ignored = try await wire.send(.POST, path + "?fieldValidation=Ignore&dryRun=All", text: body)
      #expect(ignored.headers["Warning"].isEmpty)
      let wrong = try await wire.send(.POST, path + "?fieldValidation=Loose", text: body)
      #expect(wrong.status == 422)
    }
  }

  @Test func patchesOfNodesAreCheckedToo() async throws {
    let store = Store()
    try store.create(["metadata": ["name": "n"]], as: Samples.nodes)
    try await Wire.with(store: store) { wire in
      let merge = ["Content-Type": "application/merge-patch+json"]
      let patch = #"{"spec":{"taint":[]}}"#
      let strict = try await wire.send(.PATCH, "/api/v1/nodes/n?fieldValidation=Strict", text: patch, headers: merge)
      #expect(strict.status == 422)
      #expect(
        strict.json["message"]?.string?.hasSuffix("strict decoding error: unknown field \"spec.taint\"") == true)
      let warned = try await wire.send(.PATCH, "/api/v1/nodes/n", text: patch, headers: merge)
      #expect(warned.status == 200 && warned.headers["Warning"].first?.contains("spec.taint") == true)
      #expect(warned.json[path: "spec", "taint"] == nil)
    }
  }

  @Test func keysThatAreThereTwiceAreRefusedByStrictValidation() async throws {
    let body =
      #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","name":"b"},"spec":{"containers":[{"name":"c","image":"i","image":"j"}]}}"#
    try await Wire.with { wire in
      let path = "/api/v1/namespaces/default/pods"
      let strict = try await wire.send(.POST, path + "?fieldValidation=Strict", text: body)
      let words = #"strict decoding error: duplicate field "metadata.name", duplicate field "spec.containers[0].image""#
      #expect(strict.json["message"]?.string?.hasSuffix(words) == true)
      let warned = try await wire.send(.POST, path, text: body)
      #expect(warned.headers["Warning"].count == 2 && warned.json[path: "metadata", "name"] == "b")
    }
  }

  @Test func valuesOfAnotherTypeAreRefusedWithGosWords() async throws {
    try await Wire.with { wire in
      let map = try await wire.send(
        .POST, Self.maps, text: #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":1}}"#)
      #expect(map.status == 400)
      #expect(
        map.json["message"]?.string
          == "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct "
          + "field ConfigMap.data of type string")
      let pod = try await wire.send(
        .POST, "/api/v1/namespaces/default/pods",
        text: #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":{"name":"c"}}}"#)
      #expect(
        pod.json["message"]?.string?.contains("cannot unmarshal object into Go struct field PodSpec.spec") == true)
      // A quantity may be a number.
      let numbers = try await wire.send(
        .POST, "/api/v1/namespaces/default/pods",
        text: #"""
          {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i",
          "resources":{"requests":{"cpu":1}}}]}}
          """#)
      #expect(numbers.status == 201)
    }
  }

  // MARK: Policies and time

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
        "metadata": ["name": "p"], "spec": ["validations": [["expression": "false"]]],
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
