import KubeAPIServer
import TestKit
import AsyncHTTPClient
import Documents
import Kubernetes
import Logging
import NIOCore
import Runtimes
import Synchronization
import Testing

@testable import VirtualCluster

/// Containers whose program this process runs.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProgramTests {
  private final class Record: Sendable {
    let runs = Mutex<[ContainerRun]>([])
    let ended = Mutex(0)

    var all: [ContainerRun] { runs.withLock { $0 } }
  }

  private func options(_ run: @escaping @Sendable (ContainerRun) async throws -> Int) -> SandboxOptions {
    var options = Cluster.options()
    options.programs = [SandboxProgram("robot", file: "robotd", run: run)]
    return options
  }

  private func deployment(_ sandbox: Sandbox) throws -> JSON {
    let image = try #require(sandbox.programImages["robot"])
    return DeploymentTests.deployment(image, replicas: 1) {
      $0[path: "spec", "template", "spec"] = [
        "serviceAccountName": "robot",
        "containers": [
          [
            "name": "main", "image": .string(image), "command": ["/bin/robotd"], "args": ["serve", "--as=$(POD_NAME)"],
            "env": [
              ["name": "POD_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
              ["name": "APP", "valueFrom": ["fieldRef": ["fieldPath": "metadata.labels['app']"]]],
              ["name": "MODE", "value": "fast"],
            ],
          ]
        ],
      ]
    }
  }

  @Test func hasProjectedTokensAndTheRuntimeOfItsNode() async throws {
    let record = Record()
    let options = options { run in
      record.runs.withLock { $0.append(run) }
      try await Task.sleep(for: .seconds(600))
      return 0
    }
    try await Cluster.with(options) { sandbox in
      try sandbox.store.create(["metadata": ["name": "robot", "namespace": "default"]], as: .serviceAccounts)
      var deployment = try deployment(sandbox)
      var spec = deployment[path: "spec", "template", "spec"] ?? [:]
      spec["automountServiceAccountToken"] = false
      spec["volumes"] = [
        [
          "name": "token",
          "projected": [
            "sources": [["serviceAccountToken": ["audience": "prepull", "expirationSeconds": 3600, "path": "token"]]]
          ],
        ]
      ]
      var container = spec["containers"]?.array?.first ?? [:]
      container["volumeMounts"] = [["name": "token", "mountPath": "/var/run/secrets/prepull", "readOnly": true]]
      spec["containers"] = [container]
      deployment[path: "spec", "template", "spec"] = spec
      try sandbox.store.create(deployment, as: .deployments)
      let run = try await eventually("the program to run") { record.all.first }
      // That token is for somebody else than the API server.
      #expect(run.configuration == nil)
      #expect(run.token("/var/run/secrets/other/token") == nil)
      let token = try #require(run.token("/var/run/secrets/prepull/token"))
      let client = try KubernetesClient(sandbox.configuration, logger: Cluster.logger)
      let review = try await client.create(TokenReview(of: token, audiences: ["prepull"]))
      await client.shutdown()
      #expect(review.status?.user?.extra?["authentication.kubernetes.io/node-name"] == [run.node])
      let endpoint = try #require(run.runtime)
      #expect(endpoint.kind == .oci && endpoint.path.hasSuffix("nodes/\(run.node)"))
    }
  }

  @Test func runsAsItsServiceAccountUntilItIsDeleted() async throws {
    let record = Record()
    let options = options { run in
      record.runs.withLock { $0.append(run) }
      run.print("started\n")
      defer { record.ended.withLock { $0 += 1 } }
      try await Task.sleep(for: .seconds(600))
      return 0
    }
    try await Cluster.with(options) { sandbox in
      try sandbox.store.create(["metadata": ["name": "robot", "namespace": "default"]], as: .serviceAccounts)
      try sandbox.store.create(deployment(sandbox), as: .deployments)
      _ = try await eventually("the program to be ready") {
        sandbox.store.get(.deployments, namespace: "default", name: "web")?[path: "status", "readyReplicas"] == 1
          ? true : nil
      }
      let run = try #require(record.all.first)
      #expect(run.arguments == ["serve", "--as=\(run.pod)"])
      #expect(run.environment["APP"] == "web" && run.environment["MODE"] == "fast")
      let pod = try #require(sandbox.pod(run.pod))
      #expect(pod.uid == run.podUID && pod[path: "status", "podIP"]?.string == run.podIP)
      // It may what its account may, and nothing else.
      let client = try KubernetesClient(try #require(run.configuration), logger: Cluster.logger)
      let error = await #expect(throws: APIError.self) {
        _ = try await client.get(Kubernetes.Namespace.self, "default")
      }
      #expect(
        "\(String(describing: error))".contains("system:serviceaccount:default:robot"), "\(String(describing: error))")
      try sandbox.store.create(
        [
          "metadata": ["name": "robot"], "roleRef": ["kind": "ClusterRole", "name": "view"],
          "subjects": [["kind": "ServiceAccount", "name": "robot", "namespace": "default"]],
        ], as: .clusterRoleBindings)
      #expect(try await client.get(Kubernetes.Namespace.self, "default").metadata.name == "default")
      await client.shutdown()
      #expect(sandbox.programs.text(pod: run.podUID, container: "main") == "started\n")
      try sandbox.store.delete(.deployments, namespace: "default", name: "web")
      try await sandbox.podIsGone(run.pod)
      let ended = record.ended.withLock { $0 }
      #expect(ended == 1)
    }
  }

  @Test func startsAnewWhatEnds() async throws {
    struct Broken: Error {}
    let record = Record()
    let options = options { run in
      record.runs.withLock { $0.append(run) }
      if record.all.count < 3 { throw Broken() }
      try await Task.sleep(for: .seconds(600))
      return 0
    }
    try await Cluster.with(options) { sandbox in
      let image = try #require(sandbox.programImages["robot"])
      try sandbox.run("p", [image], program: []) { $0[path: "spec", "restartPolicy"] = "Always" }
      let pod = try await sandbox.pod("p", when: "to run for the third time") {
        $0.container("c0")?["restartCount"] == 2 && $0.phase == "Running" && $0.condition("Ready") == "True"
      }
      #expect(pod.container("c0")?[path: "lastState", "terminated", "exitCode"] == 1)
      #expect(sandbox.reasons("p").contains("BackOff"))
      let log = try await HTTPClient.shared.execute(
        HTTPClientRequest(url: sandbox.server.address + "/api/v1/namespaces/default/pods/p/log?tailLines=1"),
        timeout: .seconds(10))
      #expect(String(buffer: try await log.body.collect(upTo: 4096)).contains("Broken"))
    }
  }

  @Test func isReadyWhenItsProbeSaysSo() async throws {
    let options = options { _ in
      try await Task.sleep(for: .seconds(600))
      return 0
    }
    try await Cluster.with(options) { sandbox in
      let image = try #require(sandbox.programImages["robot"])
      // The API server's own port answers for the program.
      let port = try #require(sandbox.server.address.split(separator: ":").last.flatMap { Int64($0) })
      for (name, path) in [("good", "/healthz"), ("bad", "/nothing")] {
        try sandbox.run(name, [image], program: []) {
          guard var container = $0[path: "spec", "containers"]?.array?.first else { return }
          container["ports"] = [["name": "http", "containerPort": .integer(port)]]
          container["readinessProbe"] = ["httpGet": ["path": .string(path), "port": "http", "host": "127.0.0.1"]]
          $0[path: "spec", "containers"] = [container]
        }
      }
      _ = try await sandbox.pod("good", when: "to be ready") { $0.condition("Ready") == "True" }
      _ = try await eventually("the probe to fail") {
        sandbox.messages("bad").contains("Readiness probe failed: HTTP probe failed with statuscode: 404") ? true : nil
      }
      let bad = try #require(sandbox.pod("bad"))
      #expect(bad.phase == "Running" && bad.condition("Ready") == "False")
      #expect(bad.container("c0")?["ready"] == false)
    }
  }
}
