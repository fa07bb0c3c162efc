@testable import Installation
import Documents
import Testing

@Suite("Installation: what it grants", .timeLimit(.minutes(10)))
struct InstallationTests {
  private let installation = Installation(image: "registry.example/prepull:1")

  private func rules(_ installation: Installation, of kind: String) -> [JSON] {
    installation.objects.filter { $0["kind"]?.string == kind }.flatMap { $0["rules"]?.array ?? [] }
  }

  private func texts(_ value: JSON?) -> [String] { value?.array?.compactMap(\.string) ?? [] }

  @Test("No rule says all, and no rule of the whole cluster names Secrets")
  func leastPrivilege() {
    var all = installation
    all.secretGrants = [.init(namespace: "web")]
    for rule in rules(all, of: "ClusterRole") + rules(all, of: "Role") {
      let words = texts(rule["apiGroups"]) + texts(rule["resources"]) + texts(rule["verbs"])
      #expect(!words.contains("*"), "\(rule.text)")
    }
    for rule in rules(all, of: "ClusterRole") { #expect(!texts(rule["resources"]).contains("secrets"), "\(rule.text)") }
    let secrets = rules(all, of: "Role").filter { texts($0["resources"]).contains("secrets") }
    #expect(secrets.map { texts($0["verbs"]) } == [["get"]])
  }

  @Test("Without the gate nothing of a node can be changed, and no gate's taint is tolerated")
  func noGate() {
    let writing: Set = ["create", "update", "patch", "delete", "deletecollection"]
    func mayWriteNodes(_ installation: Installation) -> Bool {
      rules(installation, of: "ClusterRole").contains { rule in
        texts(rule["resources"]).contains { $0.hasPrefix("nodes") } && !writing.isDisjoint(with: texts(rule["verbs"]))
      }
    }
    #expect(mayWriteNodes(installation))
    #expect(installation.deployment[path: "spec", "template", "spec", "tolerations"] != nil)
    var closed = installation
    closed.opensGates = false
    #expect(!mayWriteNodes(closed))
    #expect(closed.deployment[path: "spec", "template", "spec", "tolerations"] == nil)
  }

  @Test("A namespace's secrets are granted there, all or by name")
  func grants() throws {
    var granted = installation
    granted.secretGrants = [.init(namespace: "web"), .init(namespace: "shop", names: ["regcred"])]
    let roles = granted.objects.filter { $0[path: "metadata", "name"]?.string == Installation.secretsName }
    #expect(
      roles.map { "\($0["kind"]?.string ?? "") \($0[path: "metadata", "namespace"]?.string ?? "")" }
        == ["Role shop", "RoleBinding shop", "Role web", "RoleBinding web"])
    #expect(roles[0]["rules"]?.array?.map { texts($0["resourceNames"]) } == [["regcred"]])
    #expect(roles[2]["rules"]?.array?.map { $0["resourceNames"] } == [nil])
    #expect(roles[3][path: "subjects"]?.array?.first?["namespace"] == "prepull-system")
  }

  @Test("Every object bears the labels by which it is found, and none is there twice")
  func labels() {
    var all = installation
    all.hasServiceMonitor = true
    all.secretGrants = [.init(namespace: "web")]
    var seen: Set<String> = []
    for object in all.objects {
      // The definitions are found by their names.
      for (key, value) in Installation.labels.object ?? [:] where object["kind"] != "CustomResourceDefinition" {
        #expect(object[path: "metadata", "labels", key] == value, "\(object.text)")
      }
      let metadata = object["metadata"]
      let key = "\(object["kind"]?.text ?? "") \(metadata?["namespace"]?.text ?? "") \(metadata?["name"]?.text ?? "")"
      #expect(seen.insert(key).inserted, "\(key)")
    }
  }

  @Test("Each binding binds a role that is there, to the account that the pods have")
  func bindings() {
    var all = installation
    all.namespace = "elsewhere"
    all.secretGrants = [.init(namespace: "web")]
    let objects = all.objects
    let bindings = objects.filter { $0["kind"]?.string?.hasSuffix("Binding") == true }
    #expect(bindings.count == 4)
    for binding in bindings {
      #expect(
        objects.contains {
          $0["kind"] == binding[path: "roleRef", "kind"]
            && $0[path: "metadata", "name"] == binding[path: "roleRef", "name"]
            && $0[path: "metadata", "namespace"] == binding[path: "metadata", "namespace"]
        }, "\(binding.text)")
      let subject: JSON = ["kind": "ServiceAccount", "name": .string(Installation.name), "namespace": "elsewhere"]
      #expect(binding["subjects"] == [subject])
    }
    #expect(all.deployment[path: "spec", "template", "spec", "serviceAccountName"] == .string(Installation.name))
  }
}
