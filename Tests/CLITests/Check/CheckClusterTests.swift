import KubeAPIServer
import PrepullAPI
import Documents
import Foundation
import ImageModel
import TestKit
import Testing
import VirtualCluster

@Suite("prepull check with a cluster, as a user runs it", .serialized, .timeLimit(.minutes(10)))
struct CheckClusterTests {
  private static func kubectl(_ cluster: ClusterCase, apply objects: [JSON]) async throws {
    try await withTemporaryFolder { folder in
      let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
      try list.text.write(toFile: folder + "/list.json", atomically: true, encoding: .utf8)
      _ = try await Tool.output(
        "kubectl", ["apply", "-f", folder + "/list.json"],
        environment: ["KUBECONFIG": cluster.kubeconfig, "HOME": folder])
    }
  }

  private static func secret(
    _ name: String, for registry: String, password: String = SampleImages.password
  ) -> JSON {
    let auth = Data("\(SampleImages.username):\(password)".utf8).base64EncodedString()
    let config: JSON = ["auths": .object([registry: ["auth": .string(auth)]])]
    return [
      "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "namespace": "default"],
      "type": "kubernetes.io/dockerconfigjson",
      "data": [".dockerconfigjson": .string(Data(config.bytes()).base64EncodedString())],
    ]
  }

  @Test func nodesTellWhatTheyLack() async throws {
    var nodes = NodeTemplate.numbered(4)
    (nodes[2].platform.architecture, nodes[3].isSchedulable) = ("arm64", false)
    nodes.append(NodeTemplate("node-5", platform: Platform(os: "windows", architecture: "amd64")))
    nodes[0].platform.architecture = "amd64"
    nodes[1].platform.architecture = "amd64"
    try await withCluster(nodes) { cluster in
      let amd64 = "\(cluster.sandbox.registry.host)/sample/amd64-only:v1"
      let check = try await cluster.prepull("check", cluster.web, amd64, "--gc-high", "90")
      // Nodes that an image has nothing for are left out by a run.
      #expect(check.exitCode == 0, "\(check)")
      #expect(check.output.contains("4 wanted (2 amd64, 1 arm64, 1 windows-amd64)"), "\(check.output)")
      #expect(check.output.contains("1 skipped, cordoned"))
      #expect(check.output.contains("2 images: there is no image for the platform of a node"), "\(check.output)")
      let one = try await cluster.prepull("check", amd64)
      #expect(
        one.output.contains(
          "cannot run on node-3, node-5 (linux/arm64, windows/amd64 10.0.20348): it has images for linux/amd64 only"),
        "\(one.output)")
      #expect(check.output.contains("(90 %)"))
      #expect(check.output.contains("AT A TIME"))
      #expect(try await cluster.prepull("check", cluster.web, amd64, "--node", "node-3").exitCode == 1)
      let unseen = try await cluster.prepull("check", cluster.missing, "-o", "json")
      let sums = try #require(try JSON(parsing: unseen.output)["cluster"])
      #expect(sums["bytesToFetch"] == .null && sums["uncountedImages"] == 1, "\(sums)")
      #expect(try await cluster.prepull("check", cluster.missing).output.contains("unknown: no image could be"))
      let partly = try await cluster.prepull("check", cluster.missing, cluster.web)
      #expect(partly.output.contains("in all, without 1 image that could not be looked at"), "\(partly.output)")

      let run = try await cluster.prepull("run", cluster.web, "--node", "node-1")
      #expect(run.exitCode == 0, "\(run)")
      let web28 = "\(cluster.sandbox.registry.host)/sample/web:1.28"
      // A kubelet writes what it holds a moment later.
      var present: JSON?
      for _ in 0..<100 where present != [.string(cluster.web)] {
        let report = try await cluster.prepull("check", "-o", "json", cluster.web, web28)
        let json = try #require(try JSON(parsing: report.output)["cluster"])
        func need(_ name: String) throws -> JSON {
          let node = try #require((json["nodes"]?.array ?? []).first { $0["node"] == .string(name) })
          return try #require(json["needs"]?.array)[Int(node["needs"]?.integer ?? -1)]
        }
        let (own, other) = (try need("node-1"), try need("node-2"))
        #expect(other["missing"] == [.string(cluster.web), .string(web28)])
        present = own["present"]
        if present == [.string(cluster.web)] {
          // Both versions have their first layers in common.
          let (few, many) = (own["bytesToFetch"]?.integer ?? 0, other["bytesToFetch"]?.integer ?? 0)
          #expect(few > 300_000 && few < 400_000, "\(few)")
          #expect(many > 1_200_000 && many < 1_400_000, "\(many)")
        } else {
          try await Task.sleep(for: .milliseconds(50))
        }
      }
      #expect(present == [.string(cluster.web)])
      // Of the version that only the node names, the registry tells the layers.
      let next = try JSON(parsing: try await cluster.prepull("check", "-o", "json", web28, "--node", "node-1").output)
      #expect((next[path: "cluster", "bytesToFetch"]?.integer ?? .max) < 400_000, "\(next)")
      // Nothing is left of asking.
      #expect(cluster.objects.isEmpty)
    }
  }

  @Test("Sources of a Prepull of the cluster that give the operator nothing are told, and more seeds than nodes")
  func sourcesOfAPrepull() async throws {
    try await withCluster(NodeTemplate.numbered(2)) { cluster in
      var shop: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull", "metadata": ["name": "shop", "namespace": "default"],
        "spec": ["images": [["image": .string(cluster.web)]], "sources": [["tags": ["repository": "team/app"]]]],
      ]
      try await Self.kubectl(cluster, apply: CustomResourceDefinitions.all)
      try await Self.kubectl(cluster, apply: [shop])
      shop["status"] = [
        "images": [["image": .string(cluster.web), "warm": 0, "failed": 0]],
        "sources": [
          ["source": "tags team/app", "id": "a", "reason": "Denied", "message": "the registry asks for a login."],
          [
            "source": "prometheus p:9090", "id": "b", "images": [.string(cluster.web)],
            "updatedAt": "2026-12-01T01:00:00Z", "reason": "TimedOut", "message": "it does not answer",
          ],
          ["source": "tags team/good", "id": "c", "images": []],
          ["source": "loki l:3100", "id": "d"],
        ],
      ]
      try await withTemporaryFolder { folder in
        try shop.text.write(toFile: folder + "/shop.json", atomically: true, encoding: .utf8)
        _ = try await Tool.output(
          "kubectl",
          ["apply", "-f", folder + "/shop.json", "--server-side", "--force-conflicts", "--subresource=status"],
          environment: ["KUBECONFIG": cluster.kubeconfig, "HOME": folder])
      }
      let check = try await cluster.prepull("check", "--prepull", "shop", "--p2p", "--seeds", "600")
      #expect(check.exitCode == 0, "\(check)")
      for words in [
        "warning: tags team/app of prepull/shop: the registry asks for a login\n",
        "warning: prometheus p:9090 of prepull/shop: it does not answer; its last good list stays: 1 image of 2026-12-01",
        "warning: loki l:3100 of prepull/shop: the operator has not said yet what it gives",
        "there are no more than 2 nodes to be seeds", "3 warnings",
      ] { #expect(check.output.contains(words), "\(words): \(check.output)") }
      #expect(!check.output.contains("team/good"), "\(check.output)")
    }
  }

  @Test("Sources of a Prepull in a file are asked with its pull secrets, which are for their registries too")
  func sourcesWithPullSecrets() async throws {
    try await withCluster { cluster in
      let host = cluster.sandbox.registry.host
      try await Self.kubectl(cluster, apply: [Self.secret("regcred", for: host)])
      func check(_ repository: String, _ rest: String...) async throws -> PrepullProgram.Outcome {
        let manifest = """
          apiVersion: prepull.dev/v1alpha1
          kind: Prepull
          metadata: {name: rel, namespace: default}
          spec:
            sources: [{tags: {repository: "\(repository)", regex: "^v(.+)$", order: Created}}]
            imagePullSecrets: [{name: regcred}]
          """
        return try await PrepullProgram.run(
          ["check", "-f", "-"] + rest, environment: ["KUBECONFIG": cluster.kubeconfig], input: manifest)
      }
      let without = try await check("\(host)/sample/private")
      #expect(without.output.contains("warning: tags \(host)/sample/private"), "\(without.output)")
      let right = try await check("\(host)/sample/private", "--read-secrets")
      #expect(right.exitCode == 0, "\(right)")
      #expect(right.output.contains("\(host)/sample/private:v1"), "\(right.output)")
      #expect(!right.output.contains("warning: tags") && !right.output.contains("where none of these images"))
      let none = try await check("\(host)/sample/none", "--read-secrets")
      #expect(!none.output.contains("where none of these images comes from"), "\(none.output)")
    }
  }

  @Test func workloadsNarrowTheNodesAndNameTheirSecrets() async throws {
    var nodes = NodeTemplate.numbered(2)
    nodes[0].labels = ["pool": "web"]
    try await withCluster(nodes) { cluster in
      let host = cluster.sandbox.registry.host
      let pod: JSON = [
        "nodeSelector": ["pool": "web"], "imagePullSecrets": [["name": "regcred"]],
        "containers": [["name": "app", "image": .string("\(host)/sample/private:v1")]],
      ]
      let deployment: JSON = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"],
        "spec": [
          "replicas": 0, "selector": ["matchLabels": ["app": "web"]],
          "template": ["metadata": ["labels": ["app": "web"]], "spec": pod],
        ],
      ]
      try await Self.kubectl(cluster, apply: [deployment])
      let without = try await cluster.prepull("check", "--workload", "deployment/web")
      #expect(without.exitCode == 1, "\(without)")
      #expect(without.output.contains("1 wanted"), "\(without.output)")
      #expect(without.output.contains("error: there is no secret regcred in the namespace default"))
      // Not seen, as the secret was not used: that is no error.
      #expect(without.output.contains("warning: \(host)/sample/private:v1 could not be seen from here"))

      let absent = try await cluster.prepull("check", "--workload", "deployment/web", "--read-secrets")
      #expect(absent.exitCode == 1)
      #expect(absent.output.contains("error: there is no secret regcred"), "\(absent.output)")
      #expect(!absent.output.contains("has nothing for"), "\(absent.output)")

      try await Self.kubectl(cluster, apply: [Self.secret("regcred", for: host, password: "wrong")])
      let refused = try await cluster.prepull("check", "--workload", "deployment/web", "--read-secrets")
      #expect(refused.exitCode == 1)
      #expect(refused.output.contains("Check the login in the pull secret regcred"), "\(refused.output)")

      try await Self.kubectl(cluster, apply: [Self.secret("regcred", for: "https://ghcr.io")])
      #expect(try await cluster.prepull("check", "--workload", "deployment/web").exitCode == 0)
      let wrong = try await cluster.prepull("check", "--workload", "deployment/web", "--read-secrets")
      #expect(wrong.exitCode == 1)
      #expect(
        wrong.output.contains("the pull secret regcred has nothing for \(host), it is for ghcr.io"), "\(wrong.output)")

      try await Self.kubectl(cluster, apply: [Self.secret("regcred", for: host)])
      let right = try await cluster.prepull("check", "--workload", "deployment/web", "--read-secrets")
      #expect(right.exitCode == 0, "\(right)")
      // From a file as well, with the next version in place of this one.
      let file = try await PrepullProgram.run(
        ["check", "-f", "-", "--image", "app=\(cluster.missing)", "--read-secrets"],
        environment: ["KUBECONFIG": cluster.kubeconfig], input: deployment.text)
      #expect(file.exitCode == 1)
      #expect(file.output.contains("error: \(cluster.missing) cannot be pulled"), "\(file.output)")
      #expect(file.output.contains("1 wanted"))

      cluster.sandbox.server.faults.deny(DeniedPermission(verb: "get", resource: "secrets"))
      let unknown = try await cluster.prepull("check", "--workload", "deployment/web")
      #expect(unknown.exitCode == 0, "\(unknown)")
      #expect(unknown.output.contains("whether the secret regcred is there cannot be checked"))
      let nothing = try await cluster.prepull("check", "--workload", "deployment/gone")
      #expect(nothing.exitCode == 1)
      #expect(nothing.errors.contains("gone"), "\(nothing.errors)")
    }
  }

  private static func pod(_ name: String, _ image: String, on pool: String?) -> JSON {
    [
      "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)],
      "spec": [
        "nodeSelector": .object(pool.map { ["pool": .string($0)] } ?? [:]),
        "containers": [["name": "app", "image": .string(image)]],
      ],
    ]
  }

  @Test func eachImageIsJudgedWhereItsWorkloadsRun() async throws {
    var nodes = NodeTemplate.numbered(2)
    nodes[0].platform.architecture = "amd64"
    nodes[1].platform.architecture = "arm64"
    nodes[0].labels = ["pool": "old"]
    try await withCluster(nodes) { cluster in
      let amd64 = "\(cluster.sandbox.registry.host)/sample/amd64-only:v1"
      func check(_ pods: [JSON]) async throws -> PrepullProgram.Outcome {
        let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(pods)]
        return try await PrepullProgram.run(
          ["check", "-f", "-"], environment: ["KUBECONFIG": cluster.kubeconfig], input: list.text)
      }
      let free = Self.pod("free", cluster.web, on: nil)
      let pinned = try await check([free, Self.pod("pinned", amd64, on: "old")])
      #expect(pinned.exitCode == 0, "\(pinned)")
      #expect(pinned.output.contains("2 wanted"), "\(pinned.output)")
      #expect(!pinned.output.contains("cannot run on"), "\(pinned.output)")
      let wrong = try await check([free, Self.pod("loose", amd64, on: nil)])
      #expect(wrong.exitCode == 1)
      #expect(wrong.output.contains("error: \(amd64) cannot run on node-2"), "\(wrong.output)")
      let lost = try await check([free, Self.pod("lost", amd64, on: "nowhere")])
      #expect(lost.exitCode == 1)
      #expect(lost.output.contains("error: no node is left for pod/lost: "), "\(lost.output)")
      #expect(lost.output.contains("   no nodes\n"), "\(lost.output)")
    }
  }

  @Test func nodesThatAnImageIsNotForServeItToNobody() async throws {
    let windows = NodeTemplate(
      "win-1", platform: Platform(os: "windows", architecture: "amd64", osVersion: "10.0.20348"))
    try await withCluster(NodeTemplate.numbered(2) + [windows]) { cluster in
      let check = try await cluster.prepull("check", "--p2p", cluster.web)
      #expect(check.output.contains(" and 2 copies from the registry"), "\(check.output)")
    }
  }

  @Test func aPrepullNamesImagesNodesAndSecrets() async throws {
    var nodes = NodeTemplate.numbered(2)
    nodes[0].labels = ["pool": "web"]
    try await withCluster(nodes) { cluster in
      try await Self.kubectl(cluster, apply: CustomResourceDefinitions.all)
      let shop: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull",
        "metadata": ["name": "shop", "namespace": "default"],
        "spec": [
          "images": [["image": .string(cluster.web)]], "nodes": ["selector": ["matchLabels": ["pool": "web"]]],
          "imagePullSecrets": [["name": "regcred"]],
        ],
      ]
      let web28 = "\(cluster.sandbox.registry.host)/sample/web:1.28"
      let other: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull",
        "metadata": ["name": "other", "namespace": "default"], "spec": ["images": [["image": .string(web28)]]],
      ]
      try await Self.kubectl(cluster, apply: [shop, other])
      let ofCluster = try await cluster.prepull("check", "--prepull", "shop", "-o", "json")
      let ofFile = try await PrepullProgram.run(
        ["check", "-f", "-", "-o", "json"], environment: ["KUBECONFIG": cluster.kubeconfig], input: shop.text)
      for check in [ofCluster, ofFile] {
        #expect(check.exitCode == 1, "\(check)")
        let json = try JSON(parsing: check.output)
        #expect(json["images"]?.array?.compactMap { $0["image"]?.string } == [cluster.web])
        #expect(json[path: "cluster", "nodes"]?.array?.compactMap { $0["node"]?.string } == ["node-1"])
        let errors = (json["findings"]?.array ?? []).filter { $0["level"] == "error" }
        #expect(errors.compactMap { $0["code"]?.string } == ["noSecret"])
      }
      let both = try await cluster.prepull("check", "--prepull", "shop", "--prepull", "other", "-o", "json")
      let json = try JSON(parsing: both.output)
      #expect(json["images"]?.array?.compactMap { $0["image"]?.string } == [cluster.web, web28])
      let needs = json[path: "cluster", "needs"]?.array ?? []
      #expect(needs.compactMap { $0["missing"]?.array?.count }.sorted() == [1, 2], "\(json)")
    }
  }
}
