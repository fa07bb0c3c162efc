import Documents
import Foundation
import Glibc
import ImageModel
import KubeAPIServer
import TestKit
import Testing
import VirtualCluster

@testable import CLI

@Suite("prepull run, as a user runs it on a cluster", .serialized, .timeLimit(.minutes(5)))
struct RunCommandTests {
  @Test func warmsEveryNodeAndLeavesNothing() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull("run", cluster.web, cluster.scratch)
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.output.contains("3 nodes are warm for 2 images"), "\(run.output)")
      #expect(run.output.contains("3/3"))
      #expect(run.errors.contains("3 wanted"), "the plan is shown: \(run.errors)")
      #expect(run.errors.contains("node-1: warm"), "\(run.errors)")
      #expect(!run.errors.contains("\u{1B}"))
      #expect(cluster.objects.isEmpty)
      for node in 1...3 {
        #expect(try await cluster.sandbox.image(cluster.web, on: "node-\(node)") != nil)
        #expect(try await cluster.sandbox.image(cluster.scratch, on: "node-\(node)") != nil)
      }
    }
  }

  @Test func streamsEventsAndEndsWithTheResult() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull("run", "-o", "json", cluster.web)
      let lines = try events(run)
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.errors.isEmpty, "\(run.errors)")
      #expect(lines.first?["event"] == "plan")
      #expect(lines.allSatisfy { $0["event"]?.string != nil && $0["time"]?.string != nil })
      let result = try #require(lines.last)
      #expect(result["event"] == "result")
      #expect(result["ok"] == true)
      #expect(result["nodes"]?.array?.compactMap { $0["outcome"]?.string } == ["warm", "warm", "warm"])
      // Events of the kubelet may come too late; how the cells stand is told in any case.
      #expect(lines.count { $0["event"] == "cell" && $0["state"] == "warm" } == 3)
    }
  }

  @Test func aMissingImageIsToldOnceAndTheOthersGetThere() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull("run", cluster.missing, cluster.scratch)
      #expect(run.exitCode == 1, "\(run)")
      #expect(run.output.contains("3 failed"), "\(run.output)")
      #expect(run.errors.contains("\(cluster.missing) on node-1, node-2, node-3:"), "\(run.errors)")
      #expect(cluster.objects.isEmpty)
      #expect(try await cluster.sandbox.image(cluster.scratch, on: "node-2") != nil)
    }
  }

  @Test("An image that no wanted node can hold: exit code 1, said before and after, and the others get there")
  func anImageThatNoNodeCanHold() async throws {
    var nodes = NodeTemplate.numbered(2)
    for index in nodes.indices { nodes[index].platform = Platform(os: "linux", architecture: "arm64") }
    try await withCluster(nodes) { cluster in
      let other = "\(cluster.sandbox.registry.host)/sample/amd64-only:v1"
      let run = try await cluster.prepull("run", cluster.web, other)
      #expect(run.exitCode == 1, "\(run)")
      #expect(run.output.contains("2 of 2 nodes warm for 1 of 2 images"), "\(run.output)")
      #expect(run.output.contains("no node can hold it"), "\(run.output)")
      #expect(run.errors.contains("\(other): no node can hold it: it has images for linux/amd64 only"), "\(run.errors)")
      let dry = try await cluster.prepull("run", "--dry-run", cluster.web, other)
      #expect(dry.exitCode == 1, "\(dry)")
      #expect(dry.errors.contains("the run would end with exit code 1: no node can get \(other)"), "\(dry.errors)")
      let kept = try await cluster.prepull("run", "--keep", cluster.web, other)
      #expect(kept.exitCode == 1, "\(kept)")
      #expect(kept.errors.contains("no node can hold \(other)"), "\(kept.errors)")
    }
  }

  @Test("Of more images than a kubelet reports on all are warm, and the count of pulls says that it is the least")
  func moreImagesThanEvents() async throws {
    try await withCluster(NodeTemplate.numbered(1)) { cluster in
      let image = try SampleImage(seed: 3, layers: [500], platforms: [.host], indexed: true)
      let references = (0..<12).map {
        cluster.sandbox.registry.add(image, to: "many/image", tag: "v\($0)").description
      }
      let run = try await PrepullProgram.run(["run"] + references, environment: ["KUBECONFIG": cluster.kubeconfig])
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.output.contains("1 node is warm for 12 images"), "\(run.output)")
      #expect(run.output.contains("0+   warm"), "\(run.output)")
      #expect(run.output.contains("+ or more: a kubelet reports only the first 25 events of a pod"), "\(run.output)")
    }
  }

  @Test("Pods have the labels, requests and limits that a cluster asks for, also those that stay")
  func podOptions() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull(
        "run", "--keep", cluster.web, "--label", "team=web", "--request", "cpu=10m,memory=64Mi", "--limit", "cpu=100m")
      #expect(run.exitCode == 0, "\(run)")
      let pods = cluster.sandbox.objects("pods")
      #expect(pods.count == 3)
      for pod in pods {
        #expect(pod[path: "metadata", "labels", "team"] == "web")
        let resources = pod[path: "spec", "containers"]?.array?.first?["resources"]
        #expect(resources?["requests"] == ["cpu": "10m", "memory": "64Mi"], "\(String(describing: resources))")
        #expect(resources?["limits"] == ["cpu": "100m"])
      }
      let unknown = try await cluster.prepull("run", cluster.web, "--node", "node-1,node-9")
      #expect(unknown.exitCode == 1)
      #expect(unknown.errors.hasPrefix("Error: there is no node node-9"), "no plan of nothing: \(unknown.errors)")
      let nobody = try await cluster.prepull("run", "--dry-run", cluster.web, "--node", "nosuch")
      #expect(nobody.exitCode == 1 && nobody.output.isEmpty, "\(nobody)")
    }
  }

  @Test("What a LimitRange and a quota ask for is said before anything is made, with the options that satisfy them")
  func rulesOfTheNamespace() async throws {
    try await withCluster(NodeTemplate.numbered(1)) { cluster in
      func refused(_ words: String..., options: String...) async throws {
        for mode in [[], ["--dry-run"]] {
          let run = try await PrepullProgram.run(
            ["run", cluster.web] + mode + options, environment: ["KUBECONFIG": cluster.kubeconfig])
          #expect(run.exitCode == 1, "\(run)")
          for word in words { #expect(run.errors.contains(word), "\(word): \(run.errors)") }
          #expect(!run.errors.contains("permission"), "\(run.errors)")
          #expect(cluster.objects.isEmpty)
        }
      }
      let least: JSON = ["type": "Container", "min": ["cpu": "50m", "memory": "64Mi"]]
      let range: JSON = [
        "apiVersion": "v1", "kind": "LimitRange", "metadata": ["name": "bounds", "namespace": "default"],
        "spec": ["limits": [least]],
      ]
      _ = try cluster.sandbox.store.create(range, as: ResourceName(plural: "limitranges"))
      try await refused("minimum memory usage per Container is 64Mi", "--request", "memory=64Mi", "cpu=50m")
      let within = try await cluster.prepull("run", cluster.web, "--request", "cpu=50m,memory=64Mi")
      #expect(within.exitCode == 0, "\(within)")

      let quota: JSON = [
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": ["name": "compute", "namespace": "default"],
        "spec": ["hard": ["limits.cpu": "4", "limits.memory": "4Gi"]],
      ]
      _ = try cluster.sandbox.store.create(quota, as: ResourceName(plural: "resourcequotas"))
      try await refused(
        "must specify limits.cpu", "--limit cpu=… --limit memory=…", options: "--request", "cpu=50m,memory=64Mi")
      let whole = try await cluster.prepull(
        "run", cluster.web, "--request", "cpu=50m,memory=64Mi", "--limit", "cpu=100m,memory=128Mi")
      #expect(whole.exitCode == 0, "\(whole)")

      let policy = AdmissionPolicy("team", message: "label team is required") { (request, pod) -> Bool in
        guard request.resource == "pods", request.verb == "create" else { return false }
        let team: JSON? = pod[path: "metadata", "labels", "team"]
        return team == nil
      }
      cluster.sandbox.store.policies.add(policy)
      let options = ["--request", "cpu=50m,memory=64Mi", "--limit", "cpu=100m,memory=128Mi"]
      let unlabelled = try await PrepullProgram.run(
        ["run", cluster.web] + options, environment: ["KUBECONFIG": cluster.kubeconfig])
      #expect(unlabelled.exitCode == 1)
      #expect(unlabelled.errors.contains("label team is required"), "\(unlabelled.errors)")
      #expect(unlabelled.errors.contains("--label"), "\(unlabelled.errors)")
      let labelled = try await PrepullProgram.run(
        ["run", cluster.web, "--label", "team=web"] + options, environment: ["KUBECONFIG": cluster.kubeconfig])
      #expect(labelled.exitCode == 0, "\(labelled)")
    }
  }

  @Test("status shows Prepulls beside what is kept, and delete removes them by their name")
  func prepulls() async throws {
    try await withCluster { cluster in
      let crds = try await cluster.prepull("install")
      let documents = try YAMLDocuments.parse(crds.output).map(\.json)
      for document in documents where document["kind"] == "CustomResourceDefinition" {
        _ = try cluster.sandbox.store.create(
          document, as: ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions"))
      }
      try await eventually("the end of the Prepull") {
        try await cluster.prepull("status", "web").errors.contains("no Prepull")
      }
      let prepull: JSON = [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull", "metadata": ["name": "web", "namespace": "default"],
        "spec": ["images": [["image": .string(cluster.web)]]],
      ]
      _ = try cluster.sandbox.store.create(prepull, as: ResourceName(group: "prepull.dev", plural: "prepulls"))
      let status = try await cluster.prepull("status")
      #expect(status.exitCode == 0, "\(status)")
      #expect(status.output.contains("web    prepull"), "\(status.output)")
      // The same where the kind stands in front, as wait has it.
      #expect(try await cluster.prepull("status", "prepull/web").output == status.output)
      let absent = try await cluster.prepull("status", "pp/nosuch")
      #expect(absent.exitCode == 1 && absent.errors.hasPrefix("Error: there is no Prepull 'nosuch'"), "\(absent)")
      let check = try await cluster.prepull("check", "--prepull", "prepull/web")
      #expect(check.exitCode == 0 && check.output.contains("1 image: no problem"), "\(check)")
      let dry = try await cluster.prepull("delete", "prepull/web", "--dry-run")
      #expect(dry.output == "would remove prepull/web\n", "\(dry)")
      let deleted = try await cluster.prepull("delete", "web")
      #expect(deleted.exitCode == 0, "\(deleted)")
      #expect(deleted.output == "prepull/web deleted\n")
      #expect(cluster.sandbox.objects("prepulls", group: "prepull.dev").isEmpty)
    }
  }

  @Test func aDryRunChangesNothing() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull("run", "--dry-run", cluster.web, "--exclude-node", "node-2")
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.output.contains("2 wanted"), "\(run.output)")
      #expect(run.output.contains("1 skipped, excluded: node-2"), "\(run.output)")
      #expect(run.output.contains("sha256:"))
      #expect(cluster.objects.isEmpty)
      let json = try await cluster.prepull("run", "--dry-run", "-o", "json", cluster.web)
      #expect(try events(json).map { $0["event"]?.string } == ["plan"])
    }
  }

  @Test func keepsShowsAndDeletes() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull("run", "--keep", "--name", "shop", cluster.web, cluster.scratch)
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.errors.contains("prepull delete shop -n default"), "\(run.errors)")
      #expect(cluster.pods == 3)

      let status = try await cluster.prepull("status")
      #expect(status.exitCode == 0, "\(status)")
      let lines = status.output.split(separator: "\n").map(String.init)
      #expect(lines.count == 3, "\(status.output)")
      #expect(lines.dropFirst().allSatisfy { $0.contains("3/3") && $0.hasSuffix("warm") }, "\(status.output)")
      let wide = try await cluster.prepull("status", "shop", "-o", "wide", "-A")
      #expect(wide.output.contains("NAMESPACE") && wide.output.contains("node-2"), "\(wide.output)")
      let json = try JSON(parsing: try await cluster.prepull("status", "-o", "json").output)
      #expect(json["items"]?.array?.first?["ok"] == true)
      let yaml = try await cluster.prepull("status", "-o", "yaml")
      #expect(yaml.output.hasPrefix("items:\n"), "\(yaml.output)")

      let kept = try await cluster.prepull("delete", "--leftovers", "--force", "-A")
      #expect(kept.output == "no run left anything in any namespace\n", "what is kept is no left-over")
      let deleted = try await cluster.prepull("delete", "shop")
      #expect(deleted.exitCode == 0)
      #expect(deleted.output.contains("configmap/shop deleted"), "\(deleted)")
      let again = try await cluster.prepull("delete", "shop")
      #expect(again.exitCode == 1)
      #expect(again.errors.contains("nothing of the name 'shop'"))
      #expect(try await cluster.prepull("status", "shop").exitCode == 1)
    }
  }

  @Test func warmsTheNextVersionWhereAWorkloadWillRun() async throws {
    var nodes = NodeTemplate.numbered(3)
    nodes[1].labels = ["pool": "web"]
    try await withCluster(nodes) { cluster in
      let deployment: JSON = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"],
        "spec": [
          "selector": ["matchLabels": ["app": "web"]],
          "template": [
            "metadata": ["labels": ["app": "web"]],
            "spec": [
              "nodeSelector": ["pool": "web"], "containers": [["name": "web", "image": .string(cluster.web)]],
            ],
          ],
        ],
      ]
      _ = try cluster.sandbox.store.create(deployment, as: ResourceName(group: "apps", plural: "deployments"))
      let next = "\(cluster.sandbox.registry.host)/sample/web:1.28"
      let run = try await cluster.prepull("run", "--workload", "deploy/web", "--image", "web=\(next)")
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.output.contains("1 node is warm for 1 image"), "\(run.output)")
      #expect(try await cluster.sandbox.image(next, on: "node-2") != nil)
      #expect(try await cluster.sandbox.image(next, on: "node-1") == nil)

      let typo = try await cluster.prepull("run", "--workload", "deploy/web", "--image", "wbe=\(next)")
      #expect(typo.exitCode == 2)
      #expect(typo.errors.contains("deployment/web has web"), "\(typo.errors)")
      let absent = try await cluster.prepull("run", "--workload", "sts/web")
      #expect(absent.exitCode == 1)
      #expect(absent.errors.contains("statefulsets 'web'"), "\(absent.errors)")

      let file = try await cluster.prepull("run", "--dry-run", "-f", "-", input: deployment.text)
      #expect(file.exitCode == 0, "\(file)")
      #expect(file.output.contains("1 wanted"), "\(file)")
      let elsewhere = try await cluster.prepull("run", "-f", "-", "-n", "shop", input: deployment.text)
      #expect(elsewhere.exitCode == 2)
      #expect(elsewhere.errors.contains("namespace default, not in shop"), "\(elsewhere.errors)")
    }
  }

  @Test(
    "A signal ends the run, and everything is removed", arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func interrupted(signal: Int32, exitCode: Int32) async throws {
    try await withCluster { cluster in
      cluster.sandbox.registry.inject(.hang) { $0.path.contains("/blobs/") }
      let run = try await cluster.prepull("run", cluster.web, signal: signal, when: { cluster.pods == 3 })
      #expect(run.exitCode == exitCode, "\(run)")
      #expect(run.errors.contains("interrupted"), "\(run.errors)")
      #expect(cluster.objects.isEmpty)
    }
  }

  @Test("Ctrl-C while the API server is away ends soon, and says what is left and how to remove it")
  func interruptedInSilence() async throws {
    try await withCluster { cluster in
      cluster.sandbox.registry.inject(.hang) { $0.path.contains("/blobs/") }
      let outage = Outage(cluster.sandbox)
      let run = try await cluster.prepull(
        "run", cluster.web, signal: SIGINT, when: { cluster.pods == 3 && outage.hasBegun })
      #expect(run.exitCode == 130, "\(run)")
      #expect(cluster.pods == 3, "it did not wait for the server")
      #expect(run.errors.contains("not cleaned up:"), "\(run.errors)")
      #expect(run.errors.contains("kubectl delete configmap,pod -n default -l prepull.dev/run="), "\(run.errors)")
    }
  }

  @Test func whatAKilledRunLeftIsCleanedUp() async throws {
    try await withCluster { cluster in
      cluster.sandbox.registry.inject(.hang) { $0.path.contains("/blobs/") }
      let run = try await cluster.prepull("run", cluster.web, signal: SIGKILL, when: { cluster.pods == 3 })
      #expect(run.exitCode == 128 + SIGKILL)
      let alive = try await cluster.prepull("delete", "--leftovers")
      #expect(alive.exitCode == 0)
      #expect(alive.output.contains("kept ") && alive.output.contains("--force"), "\(alive.output)")
      #expect(cluster.pods == 3, "a run that may be alive is left alone")
      let dry = try await cluster.prepull("delete", "--leftovers", "--force", "--dry-run")
      #expect(dry.output.contains("would remove"))
      #expect(cluster.pods == 3)
      let named = try await cluster.prepull("delete", "prepull-web")
      #expect(named.exitCode == 1 && named.output.contains("--force"), "\(named)")
      #expect(cluster.pods == 3)
      let forced = try await cluster.prepull("delete", "prepull-web", "--force")
      #expect(forced.exitCode == 0, "\(forced)")
      #expect(forced.output.contains("removed "), "\(forced.output)")
      #expect(cluster.objects.isEmpty)
    }
  }

  @Test func whatStandsAgainstARunIsNamed() async throws {
    try await withCluster { cluster in
      let nowhere = try await cluster.prepull("run", cluster.web, "-n", "nosuch")
      #expect(nowhere.exitCode == 1)
      #expect(nowhere.errors.contains("nosuch"), "\(nowhere.errors)")
      let nobody = try await cluster.prepull("run", cluster.web, "-l", "pool=nosuch")
      #expect(nobody.exitCode == 1)
      #expect(nobody.errors.contains("pool=nosuch"), "\(nobody.errors)")
      #expect(nobody.errors.contains("3 skipped, lack pool=nosuch: "), "\(nobody.errors)")
      let context = try await cluster.prepull("run", cluster.web, "--context", "nosuch")
      #expect(context.exitCode == 1)
      #expect(context.errors.contains("Choose one with --context: sandbox"), "\(context.errors)")
      cluster.sandbox.server.faults.deny(DeniedPermission(verb: "create", resource: "pods"))
      let denied = try await cluster.prepull("run", cluster.web)
      #expect(denied.exitCode == 1)
      #expect(denied.errors.contains("create pods in namespace default"), "\(denied.errors)")
      #expect(cluster.objects.isEmpty)
    }
  }

  @Test func noKubeconfig() async throws {
    let run = try await PrepullProgram.run(
      ["run", "nginx"], environment: ["KUBECONFIG": "/nosuch", "HOME": "/nosuch"])
    #expect(run.exitCode == 1)
    #expect(run.errors.hasPrefix("Error: there is no kubeconfig /nosuch (KUBECONFIG)"), "\(run.errors)")
  }

  @Test(
    "Usage errors end with 2 before anything is asked",
    arguments: [
      (["run"], "at least one image"), (["run", "a b"], "white space"),
      (["run", "nginx", "--parallelism", "0"], "number of nodes"),
      (["run", "nginx", "--timeout", "5"], "no unit"), (["run", "nginx", "--max-failures", "x"], "number of nodes"),
      (["run", "nginx", "--keep", "--max-failures", "1"], "--max-failures means nothing with --keep"),
      (["run", "nginx", "--name", "A"], "--name 'A'"), (["run", "--workload", "web"], "kind/name"),
      (["run", "nginx", "--node", "a", "--exclude-node", "a"], "both wanted and excluded"),
      (["run", "-f", "-", "--from-file", "-"], "both --from-file and -f"),
      (["run", "nginx", "--limit", "cpu"], "--limit 'cpu' has no value"),
      (["run", "nginx", "--request", "cpu=many"], "'many' of cpu is no quantity"),
      (["run", "nginx", "--label", "prepull.dev/run=x"], "is set by Prepull"),
      (["render", "nginx", "--engine", "cri", "--retries", "101"], "--retries takes 0 to 100"),
      (["run", "nginx", "-n", "A"], "namespace 'A'"),
      (["status", "-n", "a", "-A"], "contradict"), (["delete", "--leftovers", "-n", "a", "-A"], "contradict"),
      (
        ["run", "nginx", "--seeds", "-1"],
        "'-1' is invalid for '--seeds <nodes>': write a whole number from 1 to 100000"
      ),
      (["run", "nginx", "--seeds", "two"], "'two' is invalid for '--seeds <nodes>': write a whole number from 1"),
      (["images", "--top", "-3"], "'-3' is invalid for '--top <n>': write a whole number from 1"),
      (["dashboard", "--port", "-1"], "'-1' is invalid for '--port <port>': write a whole number from 0 to 65535"),
      (["run", "nginx", "--no-open"], "--no-open is about the page: add --dashboard"),
      (["sandbox", "demo", "--no-open"], "--no-open is about the page: add --dashboard"),
      (["delete", "x", "--wait"], "Unknown option '--wait'\n"),
      (["delete", "x", "--dryrun"], "Did you mean '--dry-run'?"),
      (["delete", "pp/x", "--kind", "kept"], "pp/x is a Prepull: leave out --kind kept"),
      (["status", "prepull/X_y"], "the name 'X_y' of the Prepull"), (["status", "deployment/x"], "'deployment/x'"),
      (["delete"], "give a name, or --leftovers"), (["delete", "a", "--leftovers"], "leave out the name"),
      (["delete", "a", "-A"], "goes with --leftovers only"),
    ])
  func usage(arguments: [String], message: String) async throws {
    let run = try await PrepullProgram.run(arguments, environment: ["KUBECONFIG": "/nosuch", "HOME": "/nosuch"])
    #expect(run.exitCode == 2, "\(run)")
    #expect(run.errors.contains(message), "\(run)")
    #expect(run.output.isEmpty)
  }
}
