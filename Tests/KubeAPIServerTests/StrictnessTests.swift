import Documents
import NIOHTTP1
import Testing

@testable import KubeAPIServer

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
}
