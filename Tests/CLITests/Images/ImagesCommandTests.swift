import Commands
import Documents
import Foundation
import Glibc
import ImageModel
import Kubernetes
import Logging
import TestKit
import Testing
import Usage
import VirtualCluster

@testable import CLI

@Suite("prepull images, as a user runs it", .serialized, .timeLimit(.minutes(10)))
struct ImagesCommandTests {
  private static func images(_ arguments: String..., input: String = "") async throws -> PrepullProgram.Outcome {
    try await PrepullProgram.run(["images"] + arguments, input: input)
  }

  // MARK: Manifests

  @Test func manifestsNeedNoCluster() async throws {
    let table = try await Self.images("-f", "-", input: try sample("argo-rollout"))
    #expect(table.exitCode == 0 && table.errors.isEmpty)
    #expect(
      table.output == """
        IMAGE                                 USED BY                  CONTAINER   NAMESPACE
        registry.example.com/shop/migrate:7   rollout/web              migrate     shop
        registry.example.com/shop/web:2.0     rollout/web              web         shop
        grafana/k6:0.50.0                     analysistemplate/smoke   k6          shop

        """)
    let json = try await Self.images("-f", "-", "-o", "json", "--top", "1", input: try sample("bad-images"))
    let value = try JSON(parsing: json.output)
    #expect(value["images"]?.array?.map { $0["image"] } == ["nginx:1.27"])
    #expect(value["problems"]?.array?.count == 17)
    #expect(json.errors.contains("note: deployment/bad, spec.template.spec.containers[1].image:"))
    let prepull = try await Self.images(
      "-f", "-", "-o", "prepull", "--name", "ray", "-n", "ml", input: try sample("ray"))
    #expect(prepull.output.contains("kind: Prepull\nmetadata:\n  name: ray\n  namespace: ml\n"))
    #expect(prepull.output.contains("- image: rayproject/ray:2.31.0-gpu\n"))
  }

  @Test func manifestsWithoutImagesFail() async throws {
    let none = try await Self.images("-f", "-", input: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    #expect(none.exitCode == 1 && none.errors.contains("there is no image in standard input"))
    let bad = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: 'web:1 '}]}\n"
    let spaced = try await Self.images("-f", "-", "-o", "prepull", input: bad)
    #expect(spaced.exitCode == 1 && spaced.output.isEmpty)
    #expect(spaced.errors.contains("'web:1' has a space before or behind it"), "\(spaced.errors)")
    #expect(!spaced.errors.contains("makes pods"))
    let chart = try await Self.images("-f", "-", input: try sample("chart-template"))
    #expect(chart.exitCode == 2 && chart.errors.contains("standard input, line 4: it is a template"))
    let missing = try await Self.images("-f", "/nowhere.yaml")
    #expect(missing.exitCode == 2 && missing.errors.contains("cannot read /nowhere.yaml"))
  }

  @Test(
    "Options that contradict each other are refused",
    arguments: [
      ["--watch", "-f", "x"], ["--history", "h", "-f", "x"], ["--watch", "--top", "3"], ["--top", "0"],
      ["--since", "soon"], ["-l", "a in"], ["--name", "No Name"], ["--watch", "-o", "json"], ["-o", "xml"],
      ["--selector", "a=b", "-f", "x"], ["-f", "x", "-n", "shop"], ["--name", "x"], ["-A", "-n", "shop"],
      ["-A", "-f", "x"], ["--plot", "/nowhere/x.svg"], ["--plot", "/tmp"],
    ])
  func usage(arguments: [String]) async throws {
    let outcome = try await PrepullProgram.run(["images"] + arguments)
    #expect(outcome.exitCode == 2 && outcome.output.isEmpty, "\(outcome)")
  }

  @Test func aClusterThatDoesNotAnswerIsSaid() async throws {
    let outcome = try await PrepullProgram.run(
      ["images", "--server", "http://127.0.0.1:9"], environment: ["KUBECONFIG": "", "HOME": "/nowhere"])
    #expect(outcome.exitCode == 1 && outcome.errors.contains("127.0.0.1:9 refused"), "\(outcome.errors)")
    let none = try await PrepullProgram.run(
      ["images", "-A"], environment: ["KUBECONFIG": "/nope", "HOME": "/nowhere"])
    #expect(none.exitCode == 1 && none.errors.contains("there is no kubeconfig /nope (KUBECONFIG)"), "\(none.errors)")
  }

  // MARK: The sandbox

  private static func withClient(
    of cluster: ClusterCase, _ body: (KubernetesClient) async throws -> Void
  ) async throws {
    let client = try KubernetesClient(
      cluster.sandbox.configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    do { try await body(client) } catch {
      await client.shutdown()
      throw error
    }
    await client.shutdown()
  }

  private static func deploy(
    _ name: String, _ image: String, replicas: Int, on cluster: ClusterCase
  ) async throws {
    let deployment: JSON = [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name), "namespace": "default"],
      "spec": [
        "replicas": .integer(Int64(replicas)), "selector": ["matchLabels": ["app": .string(name)]],
        "template": [
          "metadata": ["labels": ["app": .string(name)]],
          "spec": ["containers": [["name": "main", "image": .string(image)]]],
        ],
      ],
    ]
    try await withClient(of: cluster) { client in
      _ = try await client.apply(deployment, as: DynamicResource(apiVersion: "apps/v1", plural: "deployments"))
    }
  }

  private static func run(_ image: String, on node: String, of cluster: ClusterCase) async throws {
    let pod: JSON = [
      "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "one", "namespace": "default"],
      "spec": ["nodeName": .string(node), "containers": [["name": "one", "image": .string(image)]]],
    ]
    try await withClient(of: cluster) { client in
      _ = try await client.apply(pod, as: DynamicResource(apiVersion: "v1", plural: "pods"))
    }
  }

  private static func ranking(_ cluster: ClusterCase, _ arguments: String...) async throws -> JSON {
    let outcome = try await PrepullProgram.run(
      ["images", "-o", "json"] + arguments, environment: ["KUBECONFIG": cluster.kubeconfig])
    #expect(outcome.exitCode == 0, "\(outcome)")
    return try JSON(parsing: outcome.output)
  }

  /// Waits until the cluster's ranking is as `isDone` wants it.
  private static func ranking(
    of cluster: ClusterCase, when isDone: (JSON) -> Bool
  ) async throws -> JSON {
    try await eventually("a ranking") {
      let ranking = try await ranking(cluster)
      return isDone(ranking) ? ranking : nil
    }
  }

  @Test func ranksWhatTheClusterUses() async throws {
    try await withCluster { cluster in
      let empty = try await Self.ranking(cluster)
      #expect(empty["images"] == [])
      let prepull = try await cluster.prepull("images", "-o", "prepull")
      #expect(prepull.exitCode == 1 && prepull.output.isEmpty)

      for (name, image, replicas) in [
        ("web", cluster.web, 3), ("scratch", cluster.scratch, 1), ("bad", cluster.missing, 1),
      ] {
        try await Self.deploy(name, image, replicas: replicas, on: cluster)
      }
      let found = try await Self.ranking(of: cluster) { json in
        let images = json["images"]?.array ?? []
        return images.compactMap { $0[path: "seen", "pulled"]?.integer }.reduce(0, +) == 4
          && images.contains { $0["failing"] == 1 }
      }
      let images = try #require(found["images"]?.array)
      let web = try #require(images.first { $0["image"]?.string == cluster.web })
      #expect(web["nodes"] == 3 && web["eligibleNodes"] == 3 && web["pods"] == 3)
      #expect(web["usedBy"] == ["Deployment default/web"])
      #expect(web["startsPerHour"] == .number(3.0))
      #expect(web["pullIsGuessed"] == false)
      let onlyBad = try await cluster.prepull("images", "-l", "app=bad", "-o", "prepull")
      #expect(onlyBad.exitCode == 1 && onlyBad.output.isEmpty)
      #expect(onlyBad.errors.contains("1 image is used there, and none can be warmed"), "\(onlyBad.errors)")
      #expect(onlyBad.errors.contains("what cannot be pulled is left out"), "\(onlyBad.errors)")
      let bad = try #require(images.first { $0["image"]?.string == cluster.missing })
      #expect(bad["nodes"] == 0)
      #expect(found["remarks"]?.array?.contains { $0.string?.contains("cannot be pulled") ?? false } == true)

      let table = try await cluster.prepull("images", "--top", "2")
      #expect(table.output.contains("NODES") && table.output.contains("Expected cold wait per hour"))
      #expect(table.output.contains("3 images (1 not shown), 5 pods, 3 nodes."), "\(table.output)")

      // What it prints is a Prepull that the API server takes, without what cannot be pulled.
      let manifest = try await cluster.prepull("images", "--top", "10", "-o", "prepull")
      #expect(manifest.exitCode == 0)
      #expect(!manifest.output.contains("image: \(cluster.missing)"))
      let shell = try ClusterShell(cluster.sandbox, folder: (cluster.kubeconfig as NSString).deletingLastPathComponent)
      try shell.write(manifest.output, to: "prepull.yaml")
      try shell.write(try await cluster.prepull("install").output, to: "install.yaml")
      let applied = try await shell.sh(
        """
        kubectl apply -f install.yaml >/dev/null
        kubectl wait --for=condition=Established crd/prepulls.prepull.dev --timeout 20s >/dev/null
        kubectl apply -f prepull.yaml
        kubectl get prepull top-images -o jsonpath='{.spec.images[*].image}'
        """)
      #expect(applied.isSuccess, "\(applied.error)")
      #expect(applied.output.contains(cluster.web) && applied.output.contains(cluster.scratch), "\(applied.output)")
    }
  }

  @Test func eventsInTheFutureCountAsNow() async throws {
    try await withCluster { cluster in
      var event = Event(
        metadata: ObjectMeta(name: "late.1", namespace: "default"),
        involvedObject: .init(
          kind: "Pod", namespace: "default", name: "gone", uid: "u1", fieldPath: "spec.containers{main}"))
      event.reason = "Pulled"
      event.type = "Normal"
      event.message = "Successfully pulled image \"shop/late:1\" in 4s (4s including waiting). Image size: 5 bytes."
      event.lastTimestamp = "2099-01-02T03:04:05Z"
      event.firstTimestamp = event.lastTimestamp
      event.source = .init(component: "kubelet", host: "node-1")
      let late = event
      try await Self.withClient(of: cluster) { client in _ = try await client.create(late) }
      let found = try await Self.ranking(cluster, "--since", "30m")
      let usage = try #require(found["images"]?.array?.first)
      #expect(usage["image"] == "shop/late:1" && usage[path: "seen", "pulled"] == 1)
      #expect(usage["startsPerHour"] == .number(2.0))
      #expect(found["remarks"]?.array?.first?.string?.contains("1 event has a time in the future") == true)
    }
  }

  @Test func whatOnlyWindowsNodesUseIsRankedAndWarmedToo() async throws {
    let platform = Platform(os: "windows", architecture: "amd64", osVersion: "10.0.20348")
    let windows = NodeTemplate("win-1", platform: platform)
    try await withCluster(NodeTemplate.numbered(2) + [windows]) { cluster in
      let image = "\(cluster.sandbox.registry.host)/sample/iis:ltsc2022"
      try await Self.run(image, on: "win-1", of: cluster)
      try await Self.deploy("web", cluster.web, replicas: 2, on: cluster)
      let found = try await Self.ranking(of: cluster) { $0["images"]?.array?.count == 2 }
      let usage = try #require(found["images"]?.array?.first { $0["image"]?.string == image })
      #expect(usage["eligibleNodes"] == 1 && usage["pods"] == 1)
      let prepull = try await cluster.prepull("images", "-o", "prepull")
      #expect(prepull.output.contains(cluster.web) && prepull.output.contains(image), "\(prepull.output)")
    }
  }

  @Test func whoMaySeeOnlyPodsIsToldWhatIsMissing() async throws {
    try await withCluster { cluster in
      try await Self.deploy("web", cluster.web, replicas: 3, on: cluster)
      let folder = (cluster.kubeconfig as NSString).deletingLastPathComponent
      let granted = try await ClusterShell(cluster.sandbox, folder: folder).sh(
        """
        kubectl create role reader --verb=list --resource=pods
        kubectl create rolebinding reader --role=reader --user=dev
        """)
      #expect(granted.isSuccess, "\(granted.error)")
      let watch = try await cluster.prepull("images", "--as", "dev", "--watch", "--history", folder + "/h.json")
      #expect(watch.exitCode == 1 && !FileManager.default.fileExists(atPath: folder + "/h.json"), "\(watch)")
      let all = try await cluster.prepull("images", "--as", "dev")
      #expect(all.exitCode == 1 && all.errors.contains("one namespace only, with -n"), "\(all.errors)")
      let own = try await cluster.prepull("images", "--as", "dev", "-n", "default")
      #expect(own.exitCode == 0 && own.output.contains("/3"), "\(own)")
      #expect(own.errors.contains("Only nodes on which these pods run are counted."))
      #expect(own.errors.contains("cannot list deployments, statefulsets, daemonsets, cronjobs, jobs:"))
      #expect(own.errors.contains("How long pods waited for images is not known."))
    }
  }

  @Test func collectsGoesOnAndNeverCountsTwice() async throws {
    try await withCluster { cluster in
      let file = cluster.kubeconfig + ".history"
      @Sendable func starts() -> Int {
        guard let record = try? UsageFile(path: file).read() else { return -1 }
        return record.history.images.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.starts } }
      }
      try await Self.deploy("web", cluster.web, replicas: 2, on: cluster)
      _ = try await Self.ranking(of: cluster) { $0["images"]?.array?.first?[path: "seen", "pulled"] == 2 }
      for _ in 0..<2 {
        let begun = Date()
        let watch = try await cluster.prepull("images", "--watch", "--history", file, signal: SIGINT) {
          let written = try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
          return starts() == 2 && written.map { $0 > begun } ?? false
        }
        #expect(watch.exitCode == 0, "\(watch)")
        #expect(watch.errors.contains("prepull images --history \(file)"), "\(watch.errors)")
        #expect(starts() == 2)
      }
      // What comes while it watches is in it too, or in what the next one reads.
      async let watch = cluster.prepull("images", "--watch", "--history", file, signal: SIGTERM) { starts() == 3 }
      try await Self.deploy("scratch", cluster.scratch, replicas: 1, on: cluster)
      #expect(try await watch.exitCode == 0)
      let found = try await Self.ranking(cluster, "--history", file)
      #expect(found["images"]?.array?.compactMap { $0[path: "seen", "pulled"]?.integer }.reduce(0, +) == 3)
      for (options, complaint) in [
        (["-n", "default"], "it is of all namespaces"), (["-l", "app=web"], "it is of pods of any labels"),
      ] {
        let other = try await cluster.prepull("images", "--history", file, options[0], options[1])
        #expect(other.exitCode == 1 && other.errors.contains(complaint), "\(other.errors)")
      }
    }
  }

  @Test("With a selector, only the events of its pods count, of those that come later and of those that went")
  func collectsOfSelectedPods() async throws {
    try await withCluster { cluster in
      let file = cluster.kubeconfig + ".history"
      @Sendable func starts() -> [Int] {
        guard let record = try? UsageFile(path: file).read() else { return [] }
        return record.history.images.values.map { $0.values.reduce(0) { $0 + $1.starts } }
      }
      try await Self.deploy("scratch", cluster.scratch, replicas: 1, on: cluster)
      try await Self.deploy("web", cluster.web, replicas: 1, on: cluster)
      _ = try await Self.ranking(of: cluster) { ranking in
        (ranking["images"]?.array ?? []).count { $0[path: "seen", "pulled"] == 1 } == 2
      }
      async let watch = cluster.prepull(
        "images", "-l", "app in (web,late)", "--watch", "--history", file, signal: SIGINT
      ) { starts() == [3] }
      try await eventually("a first count") { !starts().isEmpty }
      try await Self.deploy("scratch", cluster.scratch, replicas: 2, on: cluster)
      try await Self.deploy("web", cluster.web, replicas: 3, on: cluster)
      #expect(try await watch.exitCode == 0)
      #expect(starts() == [3])
      let ranking = try await Self.ranking(cluster, "--history", file, "-l", "app in (web,late)")
      #expect(ranking["images"]?.array?.count == 1)
    }
  }
}
