import Warming
import Kubernetes
import Testing

@Suite("DaemonSet manifest: what is refused", .timeLimit(.minutes(10)))
struct ManifestValidationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let code: ManifestError.Code
    let says: String
    let change: @Sendable (inout DaemonSetManifest) throws -> Void
    var testDescription: String { says }

    init(
      _ code: ManifestError.Code, _ says: String, _ change: @escaping @Sendable (inout DaemonSetManifest) throws -> Void
    ) {
      self.code = code
      self.says = says
      self.change = change
    }
  }

  static let cases: [Case] = [
    Case(.noImages, "no image") { $0.images = [] },
    Case(.architecture, "no architecture") { $0.architectures = [] },
    Case(.name, "name 'Warm' may hold only a-z") { $0.name = "Warm" },
    Case(.name, "name 'a.b' may hold only a-z") { $0.name = "a.b" },
    Case(.name, "name '' is empty") { $0.name = "" },
    Case(.name, "longer than 49 characters") { $0.name = String(repeating: "a", count: 50) },
    Case(.namespace, "namespace 'kube_system' may hold only") { $0.namespace = "kube_system" },
    Case(.namespace, "longer than 63 characters") { $0.namespace = String(repeating: "a", count: 64) },
    Case(.isolate, "one bad image never stops the others") {
      $0.engine = .docker
      $0.isolate = true
    },
    Case(.isolate, "one bad image never stops the others") {
      $0.engine = .cri
      $0.isolate = true
    },
    Case(.socket, "the kubelet engine uses no socket") { $0.socket = "/run/x.sock" },
    Case(.socket, "socket 'run/x.sock' is not an absolute path") {
      $0.engine = .cri
      $0.socket = "run/x.sock"
    },
    Case(.socket, "without '..'") {
      $0.engine = .cri
      $0.socket = "/run/../etc/x.sock"
    },
    Case(.prepullImage, "Prepull's own image: 'a b'") {
      $0.engine = .docker
      $0.prepullImage = "a b"
    },
    Case(.nodeSelector, "'kubernetes.io/arch' is set by Prepull") { $0.nodeSelector = ["kubernetes.io/arch": "arm64"] },
    Case(.nodeSelector, "'kubernetes.io/os' is set by Prepull") { $0.nodeSelector = ["kubernetes.io/os": "linux"] },
    Case(.nodeSelector, "key '-a' has a name that may hold only") { $0.nodeSelector = ["-a": "b"] },
    Case(.nodeSelector, "value 'b c' may hold only") { $0.nodeSelector = ["a": "b c"] },
    Case(.pullSecret, "pull secret 'Reg' may hold only") { $0.pullSecrets = ["ok", "Reg"] },
    Case(.priorityClass, "priority class 'a..b' may hold only") { $0.priorityClass = "a..b" },
    Case(.label, "'app.kubernetes.io/name' is set by Prepull") { $0.labels = ["app.kubernetes.io/name": "x"] },
    Case(.label, "'prepull.dev/arch' is set by Prepull") { $0.labels = ["prepull.dev/arch": "x"] },
    Case(.label, "key 'a/b/c' has a name that may hold only") { $0.labels = ["a/b/c": "x"] },
    Case(.label, "longer than 63 characters") { $0.labels = ["a": String(repeating: "x", count: 64)] },
    Case(.annotation, "key 'a b' has a name that may hold only") { $0.annotations = ["a b": "x"] },
    Case(.annotation, "256 KiB") { $0.annotations = ["a": String(repeating: "x", count: 1 << 18)] },
    Case(.toleration, "toleration 'a=b:NoRun' has the effect 'NoRun'") {
      $0.tolerations = [try Toleration(parsing: "a=b:NoRun")]
    },
    Case(.toleration, "toleration '' has a key that has an empty name") {
      $0.tolerations = [try Toleration(parsing: "")]
    },
    Case(.toleration, "has a value that may hold only") { $0.tolerations = [try Toleration(parsing: "a=b c")] },
    Case(.maxUnavailable, "max-unavailable '0'") { $0.maxUnavailable = try IntOrString(maxUnavailable: "0") },
    Case(.maxUnavailable, "max-unavailable '101%'") { $0.maxUnavailable = try IntOrString(maxUnavailable: "101%") },
    Case(.maxUnavailable, "max-unavailable '+5'") { $0.maxUnavailable = try IntOrString(maxUnavailable: "+5") },
    Case(.maxUnavailable, "max-unavailable '%'") { $0.maxUnavailable = try IntOrString(maxUnavailable: "%") },
  ]

  @Test("With a message that says what is wrong", arguments: cases)
  func refused(example: Case) throws {
    var manifest = try manifest("nginx")
    do {
      try example.change(&manifest)
      _ = try manifest.resources()
      Issue.record("nothing was refused")
    } catch let error as ManifestError {
      #expect(error.code == example.code)
      #expect(error.description.contains(example.says), "\(error)")
    }
  }

  @Test("Annotations take capitals in the prefix of their keys, and any text as value")
  func annotations() throws {
    var manifest = try manifest("nginx")
    manifest.annotations = ["Example.COM/Key": "any text: { \n"]
    #expect(try !manifest.resources().isEmpty)
  }

  @Test("Tolerations are read as kubectl taint writes taints")
  func tolerations() throws {
    let expected: [(String, Toleration)] = [
      ("all", Toleration(operator: .exists)),
      ("gpu", Toleration(key: "gpu", operator: .exists)),
      ("gpu:NoSchedule", Toleration(key: "gpu", operator: .exists, effect: .noSchedule)),
      ("gpu=yes", Toleration(key: "gpu", operator: .equal, value: "yes")),
      ("a.io/gpu=:NoExecute", Toleration(key: "a.io/gpu", operator: .equal, value: "", effect: .noExecute)),
      ("gpu=a:PreferNoSchedule", Toleration(key: "gpu", operator: .equal, value: "a", effect: .preferNoSchedule)),
    ]
    for (text, toleration) in expected { #expect(try Toleration(parsing: text) == toleration) }
  }

  @Test("max-unavailable is a count or a percentage")
  func maxUnavailable() throws {
    #expect(try IntOrString(maxUnavailable: "1") == .int(1))
    #expect(try IntOrString(maxUnavailable: "25%") == .string("25%"))
    #expect(try IntOrString(maxUnavailable: "007%") == .string("7%"))
  }

  @Test("Names follow the API server's rules")
  func names() {
    func faults(_ rule: NamingRule, _ texts: [String]) -> [String] { texts.filter { rule.problem(in: $0) != nil } }
    #expect(faults(.label, ["a", "0", "a-b", String(repeating: "a", count: 63)]) == [])
    #expect(faults(.label, ["", "-a", "a-", "A", "a.b", "ä", String(repeating: "a", count: 64)]).count == 7)
    #expect(faults(.subdomain, ["a.b-c.0", String(repeating: "a", count: 253)]) == [])
    #expect(faults(.subdomain, ["", ".", "a..b", "a.", "a_b", String(repeating: "a", count: 254)]).count == 6)
    #expect(faults(.key, ["a", "A_b.c-9", "example.com/a", "kubernetes.io/hostname"]) == [])
    #expect(faults(.key, ["", "/a", "a/", "a b", "Ex.com/a", "_a", "a/b/c"]).count == 7)
    #expect(faults(.value, ["", "a", "A_b.c-9", "10"]) == [])
    #expect(faults(.value, ["-", "a/b", "a ", String(repeating: "a", count: 64)]).count == 4)
    #expect(NamingRule.label(from: "My_Image.v2--x-", limit: 63) == "my-image-v2-x")
    #expect(NamingRule.label(from: "abc-def", limit: 4) == "abc")
    #expect(NamingRule.label(from: "__") == nil)
  }
}
