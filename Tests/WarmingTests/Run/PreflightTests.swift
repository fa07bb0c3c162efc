import KubeAPIServer
import Networking
import TestKit
import VirtualCluster
@testable import Warming
import Documents
import ImageModel
import Kubernetes
import Testing

@Suite("Preflight", .timeLimit(.minutes(3)))
struct PreflightTests {
  @Test("Digest, size and platforms come from the registry; nodes are told apart")
  func plan() async throws {
    var nodes = NodeTemplate.numbered(3)
    nodes[0].platform = Platform(os: "linux", architecture: "amd64")
    nodes[1].platform = Platform(os: "linux", architecture: "arm64")
    nodes[2].isSchedulable = false
    try await RunLab.with(nodes) { lab in
      let request = try lab.request(lab.sample("web:1.27"), lab.sample("amd64-only"))
      lab.sandbox.server.faults.resetCounts()
      let report = try await lab.check(request)
      #expect(report.blockers == [])
      #expect(report.remarks.map(\.code) == ["noPlatform"])
      let web = try #require(report.images[0].resolution)
      #expect(web.platforms.map(\.description).sorted() == ["linux/amd64", "linux/arm64"])
      #expect(web.variants.keys.sorted() == ["amd64", "arm64"])
      #expect(web.variants.values.allSatisfy { $0.sizeBytes > 900_000 })
      #expect(report.wanted.map(\.facts.name) == ["node-1", "node-2"])
      #expect(report.wanted.map(\.unsupportedImages) == [[], [1]])
      #expect(report.nodes.first { $0.facts.name == "node-3" }?.verdict == .skipped(.cordoned))
      #expect(report.machines == ["amd64": 1, "arm64": 1])
      // Questions and a dry run, but nothing that stays.
      #expect(lab.sandbox.objects("pods").isEmpty)
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("No node left is a blocker that counts the reasons and names what would let them in")
  func noNodes() async throws {
    var nodes = NodeTemplate.numbered(3)
    nodes[0].isSchedulable = false
    nodes[1].isSchedulable = false
    try await RunLab.with(nodes) { lab in
      var request = try lab.request(lab.sample("scratch"))
      request.nodes.exclude = ["node-3"]
      let blockers = try await lab.check(request).blockers
      #expect(blockers.map(\.code) == ["noNodes"])
      #expect(blockers.first?.detail.contains("3 nodes: 2 cordoned, 1 excluded") == true)
      #expect(blockers.first?.remedy.contains("--include-cordoned") == true)
      request.nodes.names = ["node-7"]
      #expect(try await lab.check(request).blockers.map(\.detail) == ["there is no node node-7"])
      request.nodes.includeCordoned = true
      request.nodes.names = ["node-1", "node-8", "node-7"]
      #expect(
        try await lab.check(request).blockers.map(\.detail) == ["there is no node node-7, node-8"],
        "one of three that is there is no reason to go on")
      request.nodes.names = nil
      request.nodes.exclude = ["node-9"]
      #expect(try await lab.check(request).remarks.map(\.detail) == ["there is no node node-9 to leave out"])
    }
  }

  @Test("Images: a missing one is a remark among others and a blocker alone; a registry that is away is a remark")
  func images() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let missing = "\(lab.sandbox.registry.host)/sample/missing:1"
      let some = try await lab.check(lab.request(lab.sample("scratch"), missing, "127.0.0.1:1/nobody/home:1"))
      #expect(some.blockers == [])
      #expect(some.remarks.map(\.code) == ["notFound", "unresolved"])
      #expect(some.images.map(\.isRefused) == [false, true, false])
      let none = try await lab.check(lab.request(missing))
      #expect(none.blockers.map(\.code) == ["notFound"])
    }
  }

  @Test("Secrets and the priority class have to be there; what may not be looked at is said")
  func references() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      var request = try lab.request(lab.sample("scratch"))
      request.pullSecrets = ["regcred"]
      #expect(try await lab.check(request).blockers.map(\.code) == ["noSecret"])
      _ = try lab.sandbox.store.create(
        ["metadata": ["name": "regcred", "namespace": "default"], "data": ["a": "c2VjcmV0"]],
        as: ResourceName(plural: "secrets"))
      #expect(try await lab.check(request).blockers == [])
      lab.sandbox.server.faults.deny(DeniedPermission(verb: "get", resource: "secrets"))
      let report = try await lab.check(request)
      #expect(report.blockers == [])
      #expect(report.remarks.map(\.code) == ["secretUnknown"])
    }
  }

  @Test("Admission is tried with a dry run")
  func admission() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      lab.sandbox.server.faults.fail(
        403, times: 1,
        message: "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": seccompProfile"
      ) { $0.verb == "create" && $0.resource == "pods" }
      let blockers = try await lab.check(lab.request(lab.sample("scratch"))).blockers
      #expect(blockers.map(\.code) == ["podSecurity"])
      #expect(blockers.first?.remedy.contains("pod-security.kubernetes.io/enforce=restricted") == true)
      #expect(lab.remains.isEmpty)
    }
  }

  @Test(
    "What a quota, a LimitRange or a policy asks of pods is a blocker that names the options",
    arguments: [
      (
        403, "Forbidden",
        "pods \"x\" is forbidden: [minimum memory usage per Container is 64Mi, but request is 1Mi, minimum cpu usage per "
          + "Container is 50m, but request is 1m]", "limitRange", "--request memory=64Mi --request cpu=50m"
      ),
      (
        403, "Forbidden",
        "pods \"x\" is forbidden: failed quota: compute: must specify limits.cpu for: c; limits.memory for: c",
        "quotaDemands", "--limit cpu=… --limit memory=…"
      ),
      (
        403, "Forbidden", "pods \"x\" is forbidden: maximum memory usage per Pod is 1Gi. No limit is specified.",
        "limitRange", "--limit memory=1Gi,"
      ),
      (
        400, "BadRequest", "admission webhook \"validate.kyverno.svc-fail\" denied the request: label team is required",
        "webhookDenied", "--label, --annotation"
      ),
    ])
  func demands(status: Int, reason: String, message: String, code: String, options: String) async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      lab.sandbox.server.faults.fail(status, times: 100, message: message) {
        $0.verb == "create" && $0.resource == "pods"
      }
      let request = try lab.request(lab.sample("scratch"))
      let blockers = try await lab.check(request).blockers
      #expect(blockers.map(\.code) == [code])
      #expect(blockers.first?.detail.contains(message.prefix(20)) == true, "\(blockers)")
      #expect(blockers.first?.remedy.contains(options) == true, "\(blockers)")
      let result = try await lab.run(request, isChecked: false)
      guard case .refused(let failure) = result.stopped else {
        Issue.record("\(String(describing: result.stopped))")
        return
      }
      #expect(failure.remedy.contains(options), "the run itself names them too: \(failure)")
    }
  }

  @Test("What is wrong with every container is said once, with the options that made it")
  func invalid() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      var request = try lab.request(lab.sample("scratch"), lab.sample("web:1.27"))
      request.template.requests = ["cpu": "10m"]
      request.template.limits = ["cpu": "5m"]
      let blockers = try await lab.check(request).blockers
      #expect(blockers.map(\.code) == ["invalid"])
      #expect(blockers.first?.detail.ranges(of: "must be less than").count == 1, "\(blockers)")
      #expect(blockers.first?.detail.contains("spec.containers.resources.requests:") == true, "\(blockers)")
      #expect(blockers.first?.remedy == "Correct --request and --limit.")
    }
  }

  @Test("An API server that is away is an error, not a report")
  func unreachable() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let client = try KubernetesClient(
        ClusterConfiguration(server: "http://127.0.0.1:1"), retry: .never, logger: RunLab.logger)
      let request = try lab.request(lab.sample("scratch"))
      await #expect { _ = try await Preflight.check(request, client: client, registry: nil) } throws: {
        ($0 as? APIError)?.code == .unreachable
      }
      await client.shutdown()
    }
  }
}
