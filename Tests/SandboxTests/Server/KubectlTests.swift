import Documents
import Sandbox
import Testing

@Suite("API server: used by kubectl") struct KubectlTests {
  @Test func createsReadsChangesAndDeletes() async throws {
    try await Kubectl.with { kubectl, server in
      let set = try kubectl.file("set.json", Samples.daemonSet("agents"))
      let outcome = try await kubectl.sh(
        """
        kubectl apply -f \(set) && kubectl apply -f \(set)
        kubectl get ds -o wide
        kubectl label ds agents tier=web
        kubectl get ds -l 'tier in (web)' -o jsonpath='{.items[*].metadata.name}{"\\n"}'
        kubectl delete ds agents --wait
        kubectl get ds
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.prefix(2) == ["daemonset.apps/agents created", "daemonset.apps/agents unchanged"])
      #expect(lines[2].split(separator: " ").prefix(4) == ["NAME", "DESIRED", "CURRENT", "READY"])
      #expect(lines[3].hasSuffix("main         nginx    app=agents"))
      #expect(lines.suffix(3) == ["daemonset.apps/agents labeled", "agents", "daemonset.apps \"agents\" deleted"])
      #expect(server.requestCounts.keys.contains { $0.verb == "patch" && $0.client == "kubectl" })
    }
  }
}
