import ArgumentParser
import Documents
import Foundation
import KubeAPIServer
import Kubernetes
import Logging
import TestKit
import Testing
import VirtualCluster

@testable import CLI

/// The admission policy `prepull-agent`, evaluated as API servers do, against kubectl with the tokens of agents.
@Suite("install --agent: what an agent cannot do", .timeLimit(.minutes(10)))
struct AgentPolicyTests {
  private static let account = "system:serviceaccount:prepull-agent:prepull-agent"

  @Test("It writes the status of its own node's WarmNode and nothing else of ours, whatever roles say")
  func ownNode() async throws {
    try await withCluster(NodeTemplate.numbered(2)) { cluster in
      try await prepare(cluster)
      let pod = try await Self.kubectl(
        cluster, "get", "pods", "-n", "prepull-agent", "--field-selector=spec.nodeName=node-1", "-o", "name")
      let token = try await Self.kubectl(
        cluster, "create", "token", "prepull-agent", "-n", "prepull-agent", "--bound-object-kind=Pod",
        "--bound-object-name=\(pod.split(separator: "/").last?.filter { !$0.isNewline } ?? "")")
      // The policy alone is to stand in the way.
      _ = try await Self.kubectl(
        cluster, "create", "clusterrolebinding", "too-much", "--clusterrole=cluster-admin",
        "--serviceaccount=prepull-agent:prepull-agent")
      func attempt(_ arguments: String...) async -> String? {
        await Self.attempt(cluster, token: token, arguments)
      }
      let status = #"{"status":{"agent":{"message":"x"}}}"#
      func patch(_ node: String) async -> String? {
        await attempt("patch", "warmnode", node, "--subresource=status", "--type=merge", "-p", status)
      }
      #expect(await patch("node-1") == nil)
      #expect(await patch("node-2")?.contains("of its own node only, which is node-1") == true)
      let nothingElse = "an agent writes the status of its WarmNode, and nothing else"
      let labels = #"{"metadata":{"labels":{"a":"b"}}}"#
      let manifest = "apiVersion: prepull.dev/v1alpha1\nkind: WarmNode\nmetadata: {name: NAME}\n"
      let prepull =
        "apiVersion: prepull.dev/v1alpha1\nkind: Prepull\nmetadata: {name: p}\nspec: {images: [{image: a:1}]}\n"
      try await withTemporaryFolder { folder in
        func file(_ text: String) throws -> String {
          let path = folder + "/\(UUID().uuidString).yaml"
          try text.write(toFile: path, atomically: true, encoding: .utf8)
          return path
        }
        let refused: [(String, String?)] = [
          ("a label", await attempt("patch", "warmnode", "node-1", "--type=merge", "-p", labels)),
          ("the spec", await attempt("patch", "warmnode", "node-1", "--type=merge", "-p", #"{"spec":{"images":[]}}"#)),
          (
            "an apply",
            await attempt(
              "apply", "--server-side", "--field-manager=prepull-agent", "-f",
              try file(manifest.replacing("NAME", with: "node-1") + "spec: {images: []}\n"))
          ),
          ("a new one", await attempt("create", "-f", try file(manifest.replacing("NAME", with: "node-3")))),
          ("the removal", await attempt("delete", "warmnode", "node-1", "--wait=false")),
          ("all removed", await attempt("delete", "warmnodes", "--all", "--wait=false")),
          ("a Prepull", await attempt("create", "-f", try file(prepull))),
        ]
        for (what, answer) in refused {
          #expect(answer?.contains(nothingElse) == true, "\(what): \(answer ?? "allowed")")
        }
      }
      // Others are not concerned.
      _ = try await Self.kubectl(cluster, "label", "warmnode", "node-2", "a=b")
      let left = try await Self.kubectl(cluster, "get", "warmnodes", "-o", "name").split(separator: "\n")
      #expect(left.count == 2)
    }
  }

  @Test("A token without a node writes nothing, and by its role an agent writes nothing of other groups")
  func noNode() async throws {
    try await withCluster(NodeTemplate.numbered(1)) { cluster in
      try await prepare(cluster)
      let free = try await Self.kubectl(cluster, "create", "token", "prepull-agent", "-n", "prepull-agent")
      // kubectl reads before it patches, which the role does not allow: an agent patches only.
      let binding = ["clusterrolebinding", "too-much"]
      _ = try await Self.kubectl(
        cluster,
        ["create"] + binding + ["--clusterrole=cluster-admin", "--serviceaccount=prepull-agent:prepull-agent"])
      let answer = await Self.attempt(
        cluster, token: free,
        ["patch", "warmnode", "node-1", "--subresource=status", "--type=merge", "-p", #"{"status":{"warm":1}}"#])
      #expect(answer?.contains("this token names no node") == true, "\(answer ?? "allowed")")
      _ = try await Self.kubectl(cluster, ["delete"] + binding)
      func can(_ arguments: String...) async -> String {
        let all = ["auth", "can-i"] + arguments + ["--as=\(Self.account)"]
        return ((try? await Self.kubectl(cluster, all)) ?? "no").trimmingCharacters(in: .newlines)
      }
      #expect(await can("patch", "warmnodes", "--subresource=status") == "yes")
      for (verb, resource) in [
        ("patch", "warmnodes"), ("delete", "warmnodes"), ("get", "secrets"), ("create", "pods"), ("patch", "nodes"),
        ("list", "pods"), ("get", "configmaps"), ("create", "tokenreviews"),
      ] {
        #expect(await can(verb, resource, "-n", "prepull-agent") == "no", "\(verb) \(resource)")
      }
      #expect(await can("get", "configmaps/prepull-agent-ca", "-n", "prepull-agent") == "yes")
    }
  }

  @Test("A cluster below 1.30 is refused with the reason; one that cannot be asked gets a note, and the same output")
  func oldCluster() async throws {
    for version in ["v1.29.14", "v1.9.0+k3s1", "1.27"] {
      #expect(throws: AgentRefusal(version: version)) { try AgentRequirement.check(version) }
    }
    for version in ["v1.30.0", "v1.36.0-rc.1+x", "v2.0.0", "unknown"] {
      #expect(throws: Never.self) { try AgentRequirement.check(version) }
    }
    var options = SandboxOptions(nodes: [])
    options.minorVersion = 29
    try await withSandbox(options, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
      try await withTemporaryFolder { folder in
        try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
        let environment = ["KUBECONFIG": folder + "/config"]
        let refused = try await PrepullProgram.run(["install", "--agent"], environment: environment)
        #expect(refused.exitCode == 1 && refused.output.isEmpty)
        #expect(refused.errors.contains("v1.29.0+prepull-sandbox, and agents need 1.30"))
        let plain = try await PrepullProgram.run(["install"], environment: environment)
        #expect(plain.exitCode == 0)
        let unknown = try await PrepullProgram.run(
          ["install", "--agent"], environment: ["KUBECONFIG": folder + "/none"])
        #expect(unknown.exitCode == 0 && unknown.errors.hasPrefix("note: the cluster was not asked"))
        #expect(unknown.output.contains("name: prepull-agent"))
      }
    }
  }

  @Test(
    "Options that make no sense are refused",
    arguments: [
      ["--agent-node-selector", "a=b"], ["--agent", "--agent-containerd-root", "/"],
      ["--agent", "--agent-containerd-root", "data"], ["--agent", "--agent-kubelet-config", "/a/../../etc"],
      ["--agent", "--agent-runtime-socket", "/containerd.sock"], ["--agent", "--namespace", "prepull-agent"],
      ["--agent", "--env", "NODE_NAME=x"],
    ])
  func options(arguments: [String]) {
    #expect(throws: (any Error).self) { try InstallCommand.parse(arguments).installation() }
  }

  // MARK: Steps

  private func prepare(_ cluster: ClusterCase) async throws {
    let install = try await cluster.prepull("install", "--agent")
    #expect(install.exitCode == 0, "\(install.errors)")
    try await withTemporaryFolder { folder in
      try install.output.write(toFile: folder + "/install.yaml", atomically: true, encoding: .utf8)
      _ = try await Self.kubectl(cluster, "apply", "-f", folder + "/install.yaml")
      for node in try await Self.kubectl(cluster, "get", "nodes", "-o", "name").split(separator: "\n") {
        let name = node.split(separator: "/").last ?? ""
        try "apiVersion: prepull.dev/v1alpha1\nkind: WarmNode\nmetadata: {name: \(name)}\n".write(
          toFile: folder + "/node.yaml", atomically: true, encoding: .utf8)
        _ = try await Self.kubectl(cluster, "apply", "-f", folder + "/node.yaml")
      }
    }
    let nodes = cluster.sandbox.objects("nodes").count
    try await eventually("each node has its agent's pod") {
      cluster.sandbox.objects("pods").count { Self.isAgent($0) } == nodes
    }
  }

  private static func isAgent(_ pod: JSON) -> Bool {
    pod[path: "metadata", "namespace"] == "prepull-agent" && pod[path: "spec", "nodeName"] != nil
  }

  private static func kubectl(_ cluster: ClusterCase, _ arguments: String...) async throws -> String {
    try await kubectl(cluster, arguments)
  }

  private static func kubectl(_ cluster: ClusterCase, _ arguments: [String]) async throws -> String {
    try await Tool.output("kubectl", arguments, environment: ["KUBECONFIG": cluster.kubeconfig])
  }

  /// What kubectl says who shows a token; nil when it is allowed.
  private static func attempt(_ cluster: ClusterCase, token: String, _ arguments: [String]) async -> String? {
    do {
      return try await withTemporaryFolder { folder in
        // A client certificate would come before the token.
        var config = try JSON(parsing: try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8))
        let users = (config["users"]?.array ?? []).map { user -> JSON in
          ["name": user["name"] ?? "", "user": ["token": .string(token.filter { !$0.isNewline })]]
        }
        config["users"] = .array(users)
        try config.text.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
        _ = try await Tool.output("kubectl", arguments, environment: ["KUBECONFIG": folder + "/config"])
        return nil
      }
    } catch {
      return "\(error)"
    }
  }
}
