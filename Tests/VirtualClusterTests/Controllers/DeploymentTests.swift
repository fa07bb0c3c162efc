import KubeAPIServer
import TestKit
import Documents
import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(10))) struct DeploymentTests {
  static func deployment(_ image: String, replicas: Int = 3, edit: (inout JSON) -> Void = { _ in }) -> JSON {
    var deployment: JSON = [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"],
      "spec": [
        "replicas": .integer(Int64(replicas)), "selector": ["matchLabels": ["app": "web"]],
        "template": [
          "metadata": ["labels": ["app": "web"]],
          "spec": ["containers": [["name": "main", "image": .string(image)]]],
        ],
      ],
    ]
    edit(&deployment)
    return deployment
  }

  private func kubectl(_ sandbox: Sandbox, _ script: String) async throws -> (output: String, error: String) {
    let folder = sandbox.folder
    try Data(sandbox.kubeconfig.utf8).write(to: URL(filePath: folder + "/config"))
    let result = try await Subprocess.run(
      .name("sh"), arguments: ["-c", "set -e\n" + script],
      environment: .inherit.updating(["HOME": folder, "KUBECONFIG": folder + "/config"]),
      workingDirectory: FilePath(folder), input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    #expect(result.terminationStatus.isSuccess, "\(script): \(result.standardError)")
    return (result.standardOutput, result.standardError)
  }

  private func write(_ object: JSON, _ name: String, _ sandbox: Sandbox) throws {
    try Data(object.bytes()).write(to: URL(filePath: sandbox.folder + "/" + name))
  }

  @Test func rollsOutScalesAndGoesBack() async throws {
    var options = Cluster.options()
    options.tls = true
    try await Cluster.with(options) { sandbox in
      try write(Self.deployment(sandbox.sampleImages[0]), "one.json", sandbox)
      try write(Self.deployment(sandbox.sampleImages[1]), "two.json", sandbox)
      let output = try await kubectl(
        sandbox,
        """
        kubectl apply -f one.json
        kubectl rollout status deployment/web --timeout=60s
        kubectl get deployment web --no-headers | awk '{print $1, $2, $3, $4}'
        kubectl apply -f two.json
        kubectl rollout status deployment/web --timeout=60s
        kubectl get pods -l app=web -o jsonpath='{.items[*].spec.containers[0].image}{"\\n"}'
        kubectl get rs --no-headers | awk '{print $2, $3, $4}' | sort
        kubectl wait deployment/web --for=condition=Available --timeout=30s
        kubectl scale deployment/web --replicas=2
        kubectl rollout status deployment/web --timeout=60s
        kubectl rollout undo deployment/web
        kubectl rollout status deployment/web --timeout=60s
        kubectl rollout history deployment/web | tail -n +3 | awk '{print $1}' | xargs
        kubectl get deployment web -o jsonpath='{.spec.template.spec.containers[0].image}{"\\n"}'
        kubectl describe deployment web | grep -E 'ScalingReplicaSet|Progressing|Available  ' | tr -s ' '
        kubectl delete deployment web --timeout=30s
        kubectl wait pod -l app=web --for=delete --timeout=30s
        """
      ).output
      let lines = output.split(separator: "\n").map(String.init)
      #expect(lines.filter { $0 == "deployment \"web\" successfully rolled out" }.count == 4, "\(output)")
      #expect(lines.contains("web 3/3 3 3"))
      let image = sandbox.sampleImages[1]
      #expect(lines.contains { $0.split(separator: " ").allSatisfy { $0 == image } }, "\(output)")
      #expect(lines.contains("0 0 0") && lines.contains("3 3 3"))
      #expect(lines.contains("2 3"), "the revisions: \(output)")
      #expect(lines.contains(sandbox.sampleImages[0]))
      #expect(output.contains("NewReplicaSetAvailable"))
      #expect(output.contains("MinimumReplicasAvailable"))
    }
  }

  @Test func showsWhyNothingComesUp() async throws {
    try await Cluster.with { sandbox in
      let object = Self.deployment(sandbox.sampleImages[0]) {
        $0[path: "spec", "template", "spec", "serviceAccountName"] = "nobody"
      }
      try sandbox.store.create(object, as: .deployments)
      let status = try await eventually("the reason") {
        let status = sandbox.store.get(.deployments, namespace: "default", name: "web")?["status"]
        return status?["conditions"]?.array?.contains { $0["type"] == "ReplicaFailure" } == true
          ? status : .none
      }
      let failure = status["conditions"]?.array?.first { $0["type"] == "ReplicaFailure" }
      #expect(
        failure?["message"]?.string?.hasSuffix(
          "is forbidden: error looking up service account default/nobody: serviceaccount \"nobody\" not found") == true)
      // Its pods come as soon as they may.
      try sandbox.store.create(["metadata": ["name": "nobody", "namespace": "default"]], as: .serviceAccounts)
      _ = try await eventually("three pods") {
        let status = sandbox.store.get(.deployments, namespace: "default", name: "web")?["status"]
        let isClean = status?["conditions"]?.array?.contains { $0["type"] == "ReplicaFailure" } == false
        return status?["readyReplicas"] == 3 && isClean ? true : nil
      }
    }
  }
}
