@testable import Installation
import Documents
import Testing

@Suite("Installation: agents", .timeLimit(.minutes(2)))
struct AgentInstallationTests {
  private func installation(_ change: (inout AgentInstallation) -> Void = { _ in }) -> Installation {
    var (installation, agent) = (Installation(image: "registry.example/prepull:1"), AgentInstallation())
    change(&agent)
    installation.agent = agent
    return installation
  }

  private func pod(_ installation: Installation) throws -> JSON {
    let set = try #require(installation.objects.first { $0["kind"] == "DaemonSet" })
    return try #require(set[path: "spec", "template", "spec"])
  }

  private func hostPaths(_ pod: JSON) -> [String] {
    (pod["volumes"]?.array ?? []).compactMap { $0[path: "hostPath", "path"]?.string }
  }

  @Test("Without agents nothing of them is there, and the operator's namespace stays restricted with them")
  func optional() {
    let plain = Installation(image: "registry.example/prepull:1")
    let objects = plain.objects.filter { $0["kind"] != "CustomResourceDefinition" }
    #expect(!objects.contains { $0.text.contains("prepull-agent") || $0.text.contains("tokens") })
    let levels = installation().objects.filter { $0["kind"] == "Namespace" }.map {
      "\($0[path: "metadata", "name"]?.string ?? "") "
        + ($0[path: "metadata", "labels", "pod-security.kubernetes.io/enforce"]?.string ?? "")
    }
    #expect(levels == ["prepull-system restricted", "prepull-agent privileged"])
  }

  @Test("An agent is not privileged, has the capabilities one by one, and of its node no more than it needs")
  func confined() throws {
    let pod = try pod(installation())
    let security = try #require(pod["containers"]?.array?.first?["securityContext"])
    #expect(security["privileged"] == nil && security["readOnlyRootFilesystem"] == true)
    #expect(security[path: "capabilities", "drop"] == ["ALL"])
    #expect(security[path: "capabilities", "add"]?.array?.contains("SYS_PTRACE") == false)
    #expect(pod["hostPID"] == nil && pod["hostNetwork"] == nil && pod["hostIPC"] == nil)
    #expect(hostPaths(pod) == ["/var/lib/containerd", "/run/containerd", "/etc/containerd"])
    // Nothing can be renamed or linked across mounts, nor when the path is another one.
    let mounts = pod["containers"]?.array?.first?["volumeMounts"]?.array ?? []
    let own = mounts.filter { $0["mountPath"]?.string?.hasPrefix("/var/lib/containerd") == true }
    #expect(own.count == 1 && own.first?["readOnly"] == nil && own.first?["mountPropagation"] == "HostToContainer")
    #expect(mounts.contains { $0["mountPath"] == "/etc/containerd" && $0["readOnly"] == true })
  }

  @Test("What the kubelet has is mounted file by file and to read, and all of the host only for credential providers")
  func asked() throws {
    let pod = try pod(
      installation {
        $0.kubeletConfiguration = "/var/lib/kubelet/config.yaml"
        $0.dockerConfiguration = "/var/lib/kubelet/config.json"
        $0.runsCredentialProviders = true
      })
    #expect(pod["hostPID"] == true)
    #expect(hostPaths(pod).suffix(3) == ["/var/lib/kubelet/config.yaml", "/var/lib/kubelet/config.json", "/"])
    let mounts = pod["containers"]?.array?.first?["volumeMounts"]?.array ?? []
    #expect(mounts.suffix(3).allSatisfy { $0["readOnly"] == true })
    let security = pod["containers"]?.array?.first?["securityContext"]
    #expect(security?[path: "capabilities", "add"]?.array?.contains("SYS_PTRACE") == true)
  }

  @Test("Its rules name no Secrets and write nothing but the status of WarmNodes")
  func roles() {
    let objects = installation().objects
    let own = objects.filter { $0["kind"]?.string?.hasSuffix("Role") == true }.filter {
      $0[path: "metadata", "name"] == "prepull-agent"
    }
    #expect(own.count == 2)
    let writing: Set<JSON> = ["create", "update", "patch", "delete", "deletecollection", "*"]
    for rule in own.flatMap({ $0["rules"]?.array ?? [] }) {
      #expect(rule["resources"]?.array?.contains("secrets") == false)
      let writes = !writing.isDisjoint(with: rule["verbs"]?.array ?? [])
      #expect(writes == (rule["resources"] == ["warmnodes/status"]), "\(rule.text)")
    }
  }

  @Test("The token for logins is for the operator only, and short")
  func token() throws {
    let volumes = try #require(try pod(installation())["volumes"]?.array)
    let tokens = volumes.flatMap { $0[path: "projected", "sources"]?.array ?? [] }.compactMap {
      $0["serviceAccountToken"]
    }
    #expect(tokens == [["audience": "prepull", "expirationSeconds": 3600, "path": "token"]])
  }
}
