import Commands
import Documents
import Foundation
import Logging
import PrepullAPI
import TestKit
import Testing
import VirtualCluster

@testable import CLI

@Suite("prepull wait, as a user runs it on a cluster", .serialized, .timeLimit(.minutes(5)))
struct WaitCommandTests {
  private static func kubectl(_ cluster: ClusterCase, _ arguments: String...) async throws {
    _ = try await Tool.output("kubectl", arguments, environment: ["KUBECONFIG": cluster.kubeconfig])
  }

  private static func apply(
    _ objects: [JSON], to cluster: ClusterCase, options: [String] = ["--server-side", "--force-conflicts"]
  ) async throws {
    try await withTemporaryFolder { folder in
      let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
      try list.text.write(toFile: folder + "/list.json", atomically: true, encoding: .utf8)
      _ = try await Tool.output(
        "kubectl", ["apply", "-f", folder + "/list.json"] + options,
        environment: ["KUBECONFIG": cluster.kubeconfig, "HOME": folder])
    }
  }

  /// What the operator records of a node.
  private static func record(_ node: String, _ image: String, _ state: String, in cluster: ClusterCase) async throws {
    let uid = cluster.sandbox.objects("nodes").first { $0[path: "metadata", "name"] == .string(node) }?[
      path: "metadata", "uid"]
    var object: JSON = [
      "apiVersion": "prepull.dev/v1alpha1", "kind": "WarmNode", "metadata": ["name": .string(node)],
    ]
    try await apply([object], to: cluster)
    object["status"] = [
      "nodeUID": uid ?? "", "images": [["image": .string(image), "state": .string(state)]],
    ]
    try await apply([object], to: cluster, options: ["--server-side", "--force-conflicts", "--subresource=status"])
  }

  private static func deployment(_ image: String) -> JSON {
    [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"],
      "spec": [
        "replicas": 0, "selector": ["matchLabels": ["app": "web"]],
        "template": [
          "metadata": ["labels": ["app": "web"]],
          "spec": ["containers": [["name": "web", "image": .string(image)]]],
        ],
      ],
    ]
  }

  @Test("It goes on until WarmNodes say that all nodes hold the next image")
  func warmNodes() async throws {
    try await withCluster(NodeTemplate.numbered(2)) { cluster in
      let next = "\(cluster.sandbox.registry.host)/sample/web:1.28"
      try await Self.apply(CustomResourceDefinitions.all, to: cluster)
      try await Self.apply([Self.deployment(cluster.web)], to: cluster)
      try await Self.record("node-1", next, "Warm", in: cluster)
      let arguments = ["wait", "deployment/web", "--image", "web=\(next)"]
      let late = try await cluster.prepull(
        arguments[0], arguments[1], arguments[2], arguments[3], "--timeout", "1s", "-o", "json")
      #expect(late.exitCode == 1, "\(late)")
      #expect(
        late.errors.hasSuffix(
          "Error: after 1s nodes still lack images of deployment/web: \(next) on node-2: "
            + "nothing that warms nodes wants it there\n"), "\(late.errors)")
      let json = try JSON(parsing: late.output)
      #expect(json["ok"] == false && json[path: "nodes", "warm"] == 1 && json["images"] == [.string(next)])

      async let waiting = cluster.prepull(
        arguments[0], arguments[1], arguments[2], arguments[3], "--timeout", "2m")
      try await Self.record("node-2", next, "Warm", in: cluster)
      let done = try await waiting
      #expect(done.exitCode == 0, "\(done)")
      #expect(done.output == "2 nodes hold \(next) of deployment/web\n", "\(done)")
      // The image that it has now nobody keeps.
      let now = try await cluster.prepull("wait", "deploy/web", "--timeout", "1s", "-q")
      #expect(now.exitCode == 1 && now.output.isEmpty && now.errors.split(separator: "\n").count == 1, "\(now)")
    }
  }

  @Test("It takes manifests, and what DaemonSets keep counts too")
  func kept() async throws {
    try await withCluster(NodeTemplate.numbered(2)) { cluster in
      let manifest = Self.deployment(cluster.web).text
      let none = try await cluster.prepull("wait", "-f", "-", input: manifest)
      #expect(none.exitCode == 1, "\(none)")
      #expect(none.errors.contains("the operator is not installed"), "\(none.errors)")
      #expect(try await cluster.prepull("run", "--keep", cluster.web).exitCode == 0)
      let warm = try await cluster.prepull("wait", "-f", "-", "-q", input: manifest)
      #expect(warm.exitCode == 0 && warm.output.isEmpty && warm.errors.isEmpty, "\(warm)")
    }
  }

  @Test("A Prepull, a workload that is not there, and Ctrl-C")
  func others() async throws {
    try await withCluster(NodeTemplate.numbered(1)) { cluster in
      try await Self.apply(CustomResourceDefinitions.all, to: cluster)
      let missing = try await cluster.prepull("wait", "prepull/shop")
      #expect(missing.exitCode == 1 && missing.errors.contains("shop"), "\(missing)")
      #expect(try await cluster.prepull("wait", "sts/db").exitCode == 1)
      let shop: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull", "metadata": ["name": "shop", "namespace": "default"],
        "spec": ["images": [["image": .string(cluster.web)]]],
      ]
      try await Self.apply([shop], to: cluster)
      let stopped = try await cluster.prepull("wait", "prepull/shop", signal: SIGINT) {
        cluster.sandbox.requestCounts.contains { $0.resource.hasPrefix("warmnodes") && $0.client == "prepull" }
      }
      #expect(stopped.exitCode == 130, "\(stopped)")
    }
  }

  @Test("While the windows of a Prepull are closed, it says when the next one opens, as it goes on and at its end")
  func closedWindow() async throws {
    try await withCluster(NodeTemplate.numbered(2)) { cluster in
      try await Self.apply(CustomResourceDefinitions.all, to: cluster)
      var shop: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull", "metadata": ["name": "shop", "namespace": "default"],
        "spec": ["images": [["image": .string(cluster.web)]], "windows": [["start": "@yearly", "duration": "1h"]]],
      ]
      try await Self.apply([shop], to: cluster)
      let message = "waits until 2030-01-01 00:00 UTC: 2 nodes will be begun in the next of spec.windows"
      func condition(_ type: String, _ reason: String, _ message: String) -> JSON {
        [
          "type": .string(type), "status": "False", "reason": .string(reason), "message": .string(message),
          "lastTransitionTime": "2026-12-01T00:00:00Z", "observedGeneration": 1,
        ]
      }
      shop["status"] = [
        "observedGeneration": 1, "images": [["image": .string(cluster.web), "warm": 0, "failed": 0]],
        "conditions": [
          condition("Ready", "NodesCold", "0 of 2 nodes are warm, 2 pending"),
          condition("Progressing", "WindowClosed", message),
        ],
      ]
      try await Self.apply(
        [shop], to: cluster, options: ["--server-side", "--force-conflicts", "--subresource=status"])
      // Of one node there is a record, of the other none yet.
      try await Self.record("node-1", cluster.web, "Pending", in: cluster)
      let wait = try await cluster.prepull("wait", "prepull/shop", "--timeout", "2s")
      #expect(wait.exitCode == 1, "\(wait)")
      #expect(
        wait.errors.contains("0 of 2 nodes hold \(cluster.web) of prepull/shop; prepull/shop \(message)\n"), "\(wait)")
      #expect(
        wait.errors.hasSuffix(
          "Error: after 2s nodes still lack images of prepull/shop: \(cluster.web) on node-1, node-2: "
            + "prepull/shop \(message)\n"), "\(wait)")
    }
  }

  @Test("A Prepull that is named and may not be followed is an error at once; one that nobody named is done without")
  func forbiddenPrepull() async throws {
    try await withCluster(NodeTemplate.numbered(1)) { cluster in
      try await Self.apply(CustomResourceDefinitions.all, to: cluster)
      let shop: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull", "metadata": ["name": "shop", "namespace": "default"],
        "spec": ["images": [["image": .string(cluster.web)]]],
      ]
      // It may read the one that is named, and not follow it.
      let role: JSON = [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "waits"],
        "rules": [
          ["apiGroups": ["", "prepull.dev"], "resources": ["nodes", "warmnodes"], "verbs": ["list", "watch"]],
          ["apiGroups": ["", "apps"], "resources": ["deployments", "namespaces"], "verbs": ["get"]],
          ["apiGroups": ["prepull.dev"], "resources": ["prepulls"], "verbs": ["get"]],
        ],
      ]
      let binding: JSON = [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": "waits"],
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "waits"],
        "subjects": [["kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"]],
      ]
      try await Self.apply([shop, role, binding, Self.deployment(cluster.web)], to: cluster)
      let named = try await cluster.prepull("wait", "prepull/shop", "--as", "ann", "--timeout", "2m")
      #expect(named.exitCode == 1, "\(named)")
      #expect(named.errors.contains("may not") && named.errors.contains("prepulls"), "\(named.errors)")
      try await Self.record("node-1", cluster.web, "Warm", in: cluster)
      let unnamed = try await cluster.prepull("wait", "deployment/web", "--as", "ann", "--timeout", "2m")
      #expect(unnamed.exitCode == 0, "\(unnamed)")
    }
  }

  @Test("The Job of the page waits in its pod, with the rights of the page and no others")
  func job() async throws {
    func documents(_ path: String) throws -> String {
      try String(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
          .deletingLastPathComponent().appending(path: "docs/\(path)"), encoding: .utf8)
    }
    let jobs = try DocsTests.blocks("yaml", in: try documents("warm-before-a-rollout.md"))
      .flatMap { try YAMLDocuments.parse($0) }.map(\.json).filter { $0["kind"] == "Job" }
    #expect(jobs.count == 1)
    let template = try #require(jobs.first?[path: "spec", "template", "spec"])
    let rights = try YAMLDocuments.parse(try documents("wait-permissions.yaml")).map(\.json)
    var options = SandboxOptions(nodes: NodeTemplate.numbered(1))
    options.programs = SandboxPrograms.all
    try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
      try await withTemporaryFolder { folder in
        try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
        let cluster = ClusterCase(sandbox: sandbox, kubeconfig: folder + "/config")
        let image = "registry.example/shop/web:2.4"
        try await Self.apply(CustomResourceDefinitions.all, to: cluster)
        try await Self.apply(
          [["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]]] + rights, to: cluster)
        var deployment = Self.deployment("registry.example/shop/web:2.3")
        deployment[path: "metadata", "namespace"] = "shop"
        try await Self.apply([deployment], to: cluster)
        func pod(_ name: String, _ arguments: [JSON]? = nil) async throws -> String {
          var spec = template
          var container = try #require(spec["containers"]?.array?.first)
          #expect(container["image"] == .string("ghcr.io/prepull/prepull:\(Version.current)"))
          container["image"] = .string("\(sandbox.registry.host)/prepull:sandbox")
          if let arguments { container["args"] = .array(arguments) }
          spec["containers"] = [container]
          let object: JSON = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "shop"], "spec": spec,
          ]
          try await Self.apply([object], to: cluster)
          func phase() -> String? {
            sandbox.objects("pods", namespace: "shop").first { $0[path: "metadata", "name"] == .string(name) }?[
              path: "status", "phase"]?.string
          }
          try await eventually { ["Succeeded", "Failed"].contains(phase()) }
          let log = try await Tool.output(
            "kubectl", ["logs", "-n", "shop", name], environment: ["KUBECONFIG": cluster.kubeconfig])
          return "\(phase() ?? ""): \(log)"
        }
        let cold = try await pod("cold", ["wait", "deployment/web", "--timeout=1s", "-q"])
        #expect(cold.hasPrefix("Failed: Error: after 1s nodes still lack images of deployment/web: "), "\(cold)")
        try await Self.record("node-1", image, "Warm", in: cluster)
        let warm = try await pod("warm")
        #expect(warm.hasPrefix("Succeeded: "), "\(warm)")
        #expect(warm.hasSuffix("1 node holds \(image) of deployment/web\n"), "\(warm)")
        let alone = try await pod("alone", ["wait", "job/other", "--timeout=5s"])
        #expect(alone.hasPrefix("Failed: ") && alone.contains("may not get jobs.batch"), "\(alone)")
        // The same as a Job, as the page has it.
        var job = try #require(jobs.first)
        var container = try #require(template["containers"]?.array?.first)
        container["image"] = .string("\(sandbox.registry.host)/prepull:sandbox")
        job[path: "spec", "template", "spec", "containers"] = [container]
        try await Self.apply([job], to: cluster)
        for words in [["wait", "--for=condition=complete", "--timeout=60s"], ["logs"]] {
          let told = try await Tool.output(
            "kubectl", words + ["-n", "shop", "job/web-is-warm"], environment: ["KUBECONFIG": cluster.kubeconfig])
          #expect(
            told.contains("condition met") || told.hasSuffix("1 node holds \(image) of deployment/web\n"), "\(told)")
        }
      }
    }
  }

  @Test(
    "What cannot be meant is a mistake of usage",
    arguments: [
      ["wait"], ["wait", "web"], ["wait", "prepull/shop", "--image", "web=nginx"],
      ["wait", "deploy/web", "--image", "nginx"], ["wait", "deploy/web", "--timeout", "0s"],
      ["wait", "deploy/web", "-l", "a b"], ["wait", "-f", "/nonexistent.yaml"],
    ])
  func usage(_ arguments: [String]) async throws {
    let outcome = try await PrepullProgram.run(arguments, environment: ["KUBECONFIG": "/nonexistent"])
    #expect(outcome.exitCode == 2, "\(outcome)")
  }

  @Test("The kinds that can be waited for have Prepulls among them, and the help says how long it waits")
  func words() async throws {
    let outcome = try await PrepullProgram.run(["wait", "service/web"], environment: ["KUBECONFIG": "/nonexistent"])
    let text = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(outcome.exitCode == 2 && text.contains("replicationcontroller, prepull; for others"), "\(outcome)")
    let help = try await PrepullProgram.run(["wait", "--help"])
    #expect(help.output.contains("(default: 10m)"), "\(help.output)")
  }
}
