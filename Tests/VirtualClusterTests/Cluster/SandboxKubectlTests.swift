import TestKit
import Documents
import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import VirtualCluster

/// The whole cluster as the real kubectl sees it.
@Suite(.timeLimit(.minutes(10))) struct SandboxKubectlTests {
  private func kubectl(_ folder: String, _ script: String) async throws -> String {
    let result = try await Subprocess.run(
      .name("sh"), arguments: ["-c", "set -e\n" + script],
      environment: .inherit.updating(["HOME": folder, "KUBECONFIG": folder + "/config"]),
      workingDirectory: FilePath(folder), input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    #expect(result.terminationStatus.isSuccess, "\(script): \(result.standardError)")
    return result.standardOutput
  }

  @Test func showsNodesPodsAndEventsAsACluster() async throws {
    var options = Cluster.options()
    options.tls = true
    try await Cluster.with(options) { sandbox in
      try Data(sandbox.kubeconfig.utf8).write(to: URL(filePath: sandbox.folder + "/config"))
      let folder = sandbox.folder
      let nodes = try await kubectl(folder, "kubectl get nodes -o wide")
      #expect(nodes.contains("node-1   Ready"))
      #expect(nodes.contains("containerd://"))
      let missing = "\(sandbox.registry.host)/sample/web:none"
      let set: JSON = [
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": ["name": "warm", "namespace": "default"],
        "spec": [
          "selector": ["matchLabels": ["app": "warm"]],
          "template": [
            "metadata": ["labels": ["app": "warm"]],
            "spec": [
              "containers": [
                [
                  "name": "hold", "image": .string(sandbox.sampleImages[0]), "command": ["/prepull/touch", "hold"],
                ]
              ]
            ],
          ],
        ],
      ]
      try Data(set.bytes()).write(to: URL(filePath: folder + "/set.json"))
      let applied = try await kubectl(
        folder,
        """
        kubectl apply -f set.json
        kubectl rollout status daemonset/warm --timeout=60s
        kubectl get daemonset warm
        kubectl wait pod -l app=warm --for=condition=Ready --timeout=60s
        """)
      #expect(applied.contains("daemon set \"warm\" successfully rolled out"))
      #expect(applied.contains("warm   3         3         3       3            3"))
      try sandbox.run("broken", [missing], node: "node-2")
      _ = try await sandbox.pod("broken", when: "to back off") { $0.waiting("c0") == "ImagePullBackOff" }
      let broken = try await kubectl(folder, "kubectl get pod broken -o wide && kubectl describe pod broken")
      #expect(broken.contains("ImagePullBackOff"))
      #expect(broken.contains("Failed to pull image \"\(missing)\": rpc error: code = NotFound"))
      #expect(broken.contains("kubelet"))
      let deleted = try await kubectl(
        folder,
        """
        kubectl delete pod broken --wait=true --timeout=30s
        kubectl delete -f set.json
        kubectl wait pod -l app=warm --for=delete --timeout=60s
        kubectl get pods
        """)
      #expect(!deleted.contains("warm-"))
      let content: [JSON] = [
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "web"]],
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": "web"]],
      ]
      try Data(content.map(\.text).joined(separator: "\n").utf8).write(to: URL(filePath: folder + "/web.json"))
      let namespace = try await kubectl(
        folder, "kubectl apply -f web.json && kubectl delete namespace web --timeout=30s")
      #expect(namespace.contains("namespace \"web\" deleted"))
    }
  }

  @Test func leavesNothingBehind() async throws {
    let folder = try await Cluster.with { sandbox in
      try sandbox.run("hold", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"])
      _ = try await sandbox.pod("hold", in: "Running")
      #expect(FileManager.default.fileExists(atPath: sandbox.folder))
      return sandbox.folder
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
    struct Failure: Error {}
    let seen = Folder()
    await #expect(throws: Failure.self) {
      try await Cluster.with { sandbox in
        await seen.note(sandbox.folder)
        throw Failure()
      }
    }
    #expect(await seen.path?.isEmpty == false)
    #expect(!FileManager.default.fileExists(atPath: await seen.path ?? "/"))
    // Cancelled in the middle of a pull.
    let task = Task {
      try await Cluster.with { sandbox in
        await seen.note(sandbox.folder)
        sandbox.registry.inject(.hang) { $0.path.contains("blobs") }
        try sandbox.run("slow", [sandbox.sampleImages[0]])
        try await Task.sleep(for: .seconds(60))
      }
    }
    let before = await seen.path
    _ = try await eventually("the sandbox to start") { await seen.path != before ? true : nil }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(!FileManager.default.fileExists(atPath: await seen.path ?? "/"))
  }
}

private actor Folder {
  var path: String?

  func note(_ path: String) { self.path = path }
}
