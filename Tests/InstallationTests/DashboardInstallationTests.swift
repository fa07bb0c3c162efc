@testable import Installation
import Documents
import Testing

@Suite("Installation: the page", .timeLimit(.minutes(2)))
struct DashboardInstallationTests {
  private func objects(_ change: (inout DashboardInstallation) -> Void = { _ in }) -> [JSON] {
    var (installation, dashboard) = (Installation(image: "registry.example/prepull:1"), DashboardInstallation())
    change(&dashboard)
    installation.dashboard = dashboard
    return installation.objects.filter {
      $0[path: "metadata", "labels", "app.kubernetes.io/component"] == "dashboard"
    }
  }

  @Test("It is off by default, and nothing of it comes into the cluster from outside")
  func optional() {
    #expect(!Installation(image: "x").objects.contains { $0.text.contains("prepull-dashboard") })
    let kinds = objects().compactMap { $0["kind"]?.string }
    #expect(
      kinds == [
        "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ClusterRole", "Service", "Deployment", "NetworkPolicy",
      ])
    let service = objects().first { $0["kind"] == "Service" }
    #expect(service?[path: "spec", "type"] == nil)
    #expect(service?[path: "spec", "ports"] == [["name": "https", "port": 443, "targetPort": "https"]])
  }

  @Test("Its account changes nothing and reads no Secrets; the only things that it makes are reviews")
  func permissions() throws {
    let rules = objects().filter { $0["kind"] == "ClusterRole" }.flatMap { $0["rules"]?.array ?? [] }
    #expect(rules.count > 6)
    for rule in rules {
      let resources = rule["resources"]?.array ?? []
      let isReview = resources == ["tokenreviews"] || resources == ["subjectaccessreviews"]
      let allowed: Set<JSON> = isReview ? ["create"] : ["get", "list", "watch"]
      let verbs = Set(rule["verbs"]?.array ?? [])
      #expect(verbs.isSubset(of: allowed), "\(rule.text)")
      #expect(!resources.contains("secrets") && !resources.contains("*") && !resources.contains("configmaps"))
    }
    let bindings = objects().filter { $0["kind"]?.string?.hasSuffix("Binding") == true }
    #expect(bindings.map { $0[path: "roleRef", "name"] } == ["prepull-dashboard"])
    #expect(bindings[0]["subjects"]?.array?.map { $0["name"] } == ["prepull-dashboard"])
  }

  @Test("Its pod is restricted, is one, and has the Secret of its certificate to read alone")
  func pod() throws {
    let deployment = try #require(objects { $0.tlsSecret = "page-tls" }.first { $0["kind"] == "Deployment" })
    #expect(deployment[path: "spec", "replicas"] == 1 && deployment[path: "spec", "strategy", "type"] == "Recreate")
    let pod = try #require(deployment[path: "spec", "template", "spec"])
    #expect(pod[path: "securityContext", "runAsNonRoot"] == true)
    let container = try #require(pod["containers"]?.array?.first)
    #expect(container[path: "securityContext", "readOnlyRootFilesystem"] == true)
    #expect(container[path: "securityContext", "capabilities"] == ["drop": ["ALL"]])
    #expect(
      container["args"]?.array?.suffix(2) == [
        "--tls-cert=/etc/prepull/tls/tls.crt", "--tls-key=/etc/prepull/tls/tls.key",
      ])
    #expect(container["volumeMounts"] == [["name": "tls", "mountPath": "/etc/prepull/tls", "readOnly": true]])
    #expect(pod["volumes"]?.array?.first?[path: "secret", "secretName"] == "page-tls")
    let plain = objects().first { $0["kind"] == "Deployment" }
    #expect(plain?[path: "spec", "template", "spec", "volumes"] == nil)
  }
}
