import Documents
import KubeAPIServer
import Testing

@Suite("API server: Pod Security", .timeLimit(.minutes(10))) struct PodSecurityTests {
  private func store(_ level: String) throws -> Store {
    let store = Store()
    try store.modify(Samples.namespaces, name: "default") {
      $0[path: "metadata", "labels", "pod-security.kubernetes.io/enforce"] = .string(level)
    }
    return store
  }

  @Test func refusesWithTheRealText() throws {
    let error = #expect(throws: StatusError.self) {
      try store("restricted").create(Samples.pod("a"), as: Samples.pods)
    }
    #expect(error?.code == 403)
    #expect(
      error?.message
        == "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false "
        + "(container \"main\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities "
        + "(container \"main\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or "
        + "container \"main\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"main\" "
        + "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")")
  }

  @Test func letsGoodPodsIn() throws {
    var pod = Samples.pod("a")
    pod[path: "spec", "securityContext"] = ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]]
    pod[path: "spec", "containers"] = [
      [
        "name": "main", "image": "x",
        "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
      ]
    ]
    try store("restricted").create(pod, as: Samples.pods)
    try store("baseline").create(Samples.pod("a"), as: Samples.pods)
  }

  @Test func knowsTheBaseline() throws {
    var pod = Samples.pod("a")
    pod[path: "spec", "hostNetwork"] = true
    pod[path: "spec", "volumes"] = [["name": "v", "hostPath": ["path": "/"]]]
    let error = #expect(throws: StatusError.self) { try store("baseline").create(pod, as: Samples.pods) }
    #expect(
      error?.message
        == "pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true), "
        + "hostPath volumes (volume \"v\")")
    try store("privileged").create(pod, as: Samples.pods)
  }
}
