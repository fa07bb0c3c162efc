@testable import Warming
import KubeAPIServer
import Networking
import Documents
import Foundation
import ImageModel
import Kubernetes
import TestKit
import Testing
import VirtualCluster

/// What goes wrong around a run.
@Suite("A run among faults", .timeLimit(.minutes(3)))
struct RunFaultTests {
  private let pods = ResourceName(plural: "pods")
  private let configMaps = ResourceName(plural: "configmaps")

  // MARK: Nodes and pods

  @Test("A node deleted in the middle of its pull is forgotten")
  func nodeGone() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.slow(200_000)) { $0.path.contains("/blobs/") }
      let once = Once(when: { $0.isPulling(on: "node-2") }) { try lab.sandbox.removeNode("node-2") }
      let result = try await lab.run(lab.request(lab.sample("web:1.27"))) { once($0) }
      #expect(result.isWarm, "\(result.failures)")
      #expect(result.coverage.nodes == ["node-1"])
      #expect(lab.tells { if case .nodeGone("node-2") = $0 { true } else { false } })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("A node that comes while the run goes on is warmed too")
  func nodeComes() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      lab.sandbox.registry.inject(.slow(500_000)) { $0.path.contains("/blobs/") }
      let once = Once(when: { $0.isPulling(on: "node-1") }) {
        try await lab.sandbox.addNode(NodeTemplate("late"))
      }
      let result = try await lab.run(lab.request(lab.sample("web:1.27"))) { once($0) }
      #expect(result.isWarm)
      #expect(result.coverage.nodes == ["node-1", "late"])
      #expect(lab.tells { if case .nodeAdded("late") = $0 { true } else { false } })
    }
  }

  @Test("A pod deleted by somebody else is made anew")
  func podDeleted() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.slow(500_000)) { $0.path.contains("/blobs/") }
      let once = Once(when: { $0.isPulling(on: "node-1") }) {
        for pod in lab.sandbox.objects("pods") where pod[path: "spec", "nodeName"]?.string == "node-1" {
          let name = pod[path: "metadata", "name"]?.string ?? ""
          try await lab.client.delete(Pod.self, name, in: "default", gracePeriod: 0)
        }
      }
      let result = try await lab.run(lab.request(lab.sample("web:1.27"))) { once($0) }
      #expect(result.isWarm, "\(result.failures)")
      #expect(result.retries == 1)
      #expect(lab.tells { if case .podRetried("node-1", _, _) = $0 { true } else { false } })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("The ConfigMap deleted by somebody else is made anew, with the pods that went with it")
  func configMapDeleted() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.slow(500_000)) { $0.path.contains("/blobs/") }
      let once = Once(when: { $0.isPulling(on: "node-1") }) {
        for object in lab.sandbox.objects("configmaps") {
          guard let name = object[path: "metadata", "name"]?.string, name.hasPrefix("prepull-") else { continue }
          try await lab.client.delete(ConfigMap.self, name, in: "default")
        }
      }
      let result = try await lab.run(lab.request(lab.sample("web:1.27"))) { once($0) }
      #expect(result.isWarm, "\(result.failures)")
      #expect(lab.warnings.contains { $0.contains("created again") })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("A full node's pod is refused or waits; the node is told so and does not hold up the others")
  func fullNode() async throws {
    var nodes = NodeTemplate.numbered(2)
    nodes[0].maxPods = 0
    for placement in NodeAssignment.allCases {
      try await RunLab.with(nodes) { lab in
        var request = try lab.request(lab.sample("scratch"))
        request.placement = placement
        request.parallelism = .nodes(1)
        request.nodeTimeout = .seconds(2)
        let result = try await lab.run(request)
        #expect(!result.isWarm)
        let outcomes = Dictionary(result.nodes.map { ($0.name, $0.outcome) }) { first, _ in first }
        #expect(outcomes["node-2"] == .warm)
        #expect(outcomes["node-1"]?.isGood == false)
        #expect(lab.remains.isEmpty)
      }
    }
  }

  // MARK: API server

  @Test("The API server goes and comes back: the run goes on")
  func serverRestart() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.slow(400_000)) { $0.path.contains("/blobs/") }
      let once = Once(when: { $0.isPulling(on: "node-1") }) {
        await lab.sandbox.server.restart(downFor: .milliseconds(700))
      }
      let result = try await lab.run(lab.request(lab.sample("web:1.27"))) { once($0) }
      #expect(result.isWarm, "\(result.failures)")
      #expect(lab.tells { if case .connectionLost = $0 { true } else { false } })
      #expect(lab.tells { if case .connectionRestored = $0 { true } else { false } })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("Watches that are closed every moment, and 410 in between, lose nothing")
  func watchesClosed() async throws {
    try await RunLab.with { lab in
      lab.sandbox.server.faults.closeWatches(after: .milliseconds(300))
      lab.sandbox.registry.inject(.slow(400_000)) { $0.path.contains("/blobs/") }
      let once = Once(when: { $0.isPulling(on: "node-1") }) {
        for _ in 0..<5 {
          lab.sandbox.server.compact()
          lab.sandbox.server.cutWatches()
          try await Task.sleep(for: .milliseconds(150))
        }
      }
      let result = try await lab.run(lab.request(lab.sample("web:1.27"))) { once($0) }
      #expect(result.isWarm, "\(result.failures)")
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("A server that is busy or breaks off now and then is borne with")
  func busyServer() async throws {
    try await RunLab.with { lab in
      lab.sandbox.server.faults.fail(429, times: 1) { $0.verb == "create" && $0.resource == "pods" }
      lab.sandbox.server.faults.fail(500, times: 1) { $0.verb == "create" && $0.resource == "pods" }
      let result = try await lab.run(lab.request(lab.sample("scratch")), isChecked: false)
      #expect(result.isWarm, "\(result.failures)")
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("A server that goes for good: what is left is said, with the command that removes it")
  func serverGone() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.slow(100_000)) { $0.path.contains("/blobs/") }
      let isDown = Once(when: { $0.isPulling(on: "node-1") }) {
        await lab.sandbox.server.restart(downFor: .seconds(4))
      }
      var request = try lab.request(lab.sample("web:1.27"))
      request.timeout = .seconds(2)
      let result = try await lab.run(request, cleanupLimit: .seconds(1)) { isDown($0) }
      #expect(result.stopped == .timedOut(.seconds(2)))
      guard case .incomplete(let left, _, let remedy) = result.cleanup else {
        Issue.record("\(result.cleanup)")
        return
      }
      #expect(left.contains { $0.hasPrefix("configmap/prepull-web-") })
      #expect(remedy.contains("kubectl delete configmap,pod -n default -l prepull.dev/run="))
    }
  }

  // MARK: Ends

  @Test("Cancelling ends the run, removes everything, and returns what was reached")
  func cancelled() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.stall(after: 1000)) { $0.path.contains("/blobs/") }
      let request = try lab.request(lab.sample("web:1.27"))
      let report = try await lab.check(request)
      let engine = KubeletEngine(client: lab.client, logger: RunLab.logger)
      let (started, begin) = AsyncStream<Void>.makeStream()
      let run = Task {
        try await engine.run(request, report: report) { if $0.isPulling(on: "node-1") { begin.yield() } }
      }
      for await _ in started { break }
      run.cancel()
      let result = try await run.value
      #expect(result.stopped == .cancelled)
      #expect(!result.isWarm)
      #expect(result.cleanup == .complete)
      #expect(result.nodes.allSatisfy { $0.outcome == .notDone })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("Cancelled while the API server is away, a run waits for it for seconds only and names what is left")
  func cancelledInSilence() async throws {
    try await RunLab.with { lab in
      lab.sandbox.registry.inject(.stall(after: 1000)) { $0.path.contains("/blobs/") }
      let request = try lab.request(lab.sample("web:1.27"))
      let report = try await lab.check(request)
      let engine = KubeletEngine(client: lab.client, silenceLimit: .milliseconds(300), logger: RunLab.logger)
      let (lost, lose) = AsyncStream<Void>.makeStream()
      let isDown = Once(when: { $0.isPulling(on: "node-1") }) {
        await lab.sandbox.server.restart(downFor: .seconds(6))
      }
      let run = Task {
        try await engine.run(request, report: report) {
          isDown($0)
          if case .connectionLost = $0 { lose.yield() }
        }
      }
      for await _ in lost { break }
      run.cancel()
      let result = try await run.value
      #expect(result.stopped == .cancelled)
      guard case .incomplete(let left, let reason, let remedy) = result.cleanup else {
        Issue.record("it waited until the server was back")
        return
      }
      #expect(left.contains { $0.hasPrefix("configmap/prepull-web-") })
      #expect(left.contains { $0.hasPrefix("pod/prepull-web-") }, "\(left)")
      #expect(!reason.isEmpty)
      #expect(remedy.contains("kubectl delete configmap,pod -n default -l prepull.dev/run="))
    }
  }

  @Test("Cleaning up watches until the last pod is gone, and asks no more than once")
  func cleaningWatches() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let objects = RunObjects(try lab.request(lab.sample("web:1.27")), run: "wwwww")
      let owner = try await lab.client.create(objects.configMap(expires: "2026-01-01T00:00:00Z"))
      var pod = objects.pod(
        .ofRun(on: "node-9", serial: 1), images: [0], architecture: .amd64, owner: owner)
      pod.metadata.finalizers = ["example.com/wait"]
      _ = try await lab.client.create(pod)
      let name = try #require(pod.metadata.name)
      lab.sandbox.server.faults.resetCounts()
      let cleanup = RunCleanup(
        client: lab.client, namespace: "default", run: "wwwww", owner: objects.name, logger: RunLab.logger)
      async let outcome = cleanup.perform()
      try await Task.sleep(for: .seconds(2))
      _ = try await lab.client.patch(
        Pod.self, name, in: "default", .merge(["metadata": ["finalizers": .null]]))
      #expect(await outcome == .complete)
      #expect(lab.count("list", "pods") == 1)
      #expect(lab.count("get", "configmaps") == 1)
    }
  }

  @Test("The end has its limit also where a request hangs")
  func cleaningLimit() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let objects = RunObjects(try lab.request(lab.sample("web:1.27")), run: "hhhhh")
      let owner = try await lab.client.create(objects.configMap(expires: "2026-01-01T00:00:00Z"))
      var pod = objects.pod(
        .ofRun(on: "node-9", serial: 1), images: [0], architecture: .amd64, owner: owner)
      pod.metadata.finalizers = ["example.com/wait"]
      _ = try await lab.client.create(pod)
      var cleanup = RunCleanup(
        client: lab.client, namespace: "default", run: "hhhhh", owner: objects.name, logger: RunLab.logger)
      cleanup.limit = .seconds(1)
      // The watch that it waits in would go on for minutes.
      guard case .incomplete(let left, _, _) = await cleanup.perform() else {
        Issue.record("the pod cannot be gone")
        return
      }
      #expect(left == ["pod/\(pod.metadata.name ?? "")", "configmap/\(objects.name)"])
    }
  }

  @Test("A registry that nodes cannot look up hides no other image, and is believed when we cannot either")
  func unknownHost() async throws {
    try await RunLab.with(NodeTemplate.numbered(2)) { lab in
      let nowhere = "registry.nowhere.invalid/app:1"
      let result = try await lab.run(lab.request(nowhere, lab.sample("scratch"), lab.sample("web:1.27")))
      #expect(result.coverage.row(1).map(\.state) == [.warm, .warm])
      #expect(result.coverage.row(2).map(\.state) == [.warm, .warm])
      #expect(Set(result.failures.map(\.failure.code)) == ["noSuchHost"], "\(result.failures)")
      #expect(result.nodes.map(\.pods) == [2, 2], "one for the good images, one for the other")
    }
  }

  @Test("Two runs at once with the same images keep out of each other's way")
  func twoRuns() async throws {
    try await RunLab.with { lab in
      let request = try lab.request(lab.sample("web:1.27"), lab.sample("scratch"))
      async let one = lab.run(request)
      async let two = lab.run(request)
      let results = try await [one, two]
      #expect(results.allSatisfy { $0.isWarm && $0.cleanup == .complete })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("Names that are taken by somebody else are passed by")
  func collisions() async throws {
    try await RunLab.with(NodeTemplate.numbered(1)) { lab in
      let request = try lab.request(lab.sample("scratch"))
      _ = try lab.sandbox.store.create(
        ["metadata": ["name": "prepull-scratch-aaaaa", "namespace": "default"]], as: configMaps)
      _ = try lab.sandbox.store.create(
        [
          "metadata": ["name": "prepull-scratch-bbbbb-1", "namespace": "default"],
          "spec": ["containers": [["name": "other", "image": "other"]], "nodeName": "elsewhere"],
        ], as: pods)
      let names = RunNames(["aaaaa", "bbbbb"])
      let result = try await lab.run(request, names: names)
      #expect(result.isWarm, "\(result.failures) \(String(describing: result.stopped))")
      #expect(lab.sandbox.store.get(pods, namespace: "default", name: "prepull-scratch-bbbbb-1") != nil)
      #expect(lab.sandbox.store.get(configMaps, namespace: "default", name: "prepull-scratch-aaaaa") != nil)
      #expect(lab.remains.isEmpty)
    }
  }

  // MARK: Refusals

  @Test("A permission that is missing ends the run at once, and is named")
  func forbidden() async throws {
    try await RunLab.with { lab in
      lab.sandbox.server.faults.deny(DeniedPermission(verb: "create", resource: "pods"))
      let request = try lab.request(lab.sample("scratch"))
      let report = try await lab.check(request)
      #expect(report.blockers.map(\.code) == ["forbidden"])
      #expect(report.blockers.first?.detail.contains("create pods in namespace default") == true)
      let result = try await lab.run(request, isChecked: false)
      guard case .refused(let failure) = result.stopped else {
        Issue.record("\(String(describing: result.stopped))")
        return
      }
      #expect(failure.code == "forbidden")
      #expect(failure.detail.contains("create pods"))
      #expect(lab.count("create", "pods") <= 4, "no storm of tries")
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("Without events there is no progress, without deletecollection pods go one by one, and the run succeeds")
  func lesserPermissions() async throws {
    try await RunLab.with { lab in
      lab.sandbox.server.faults.deny(DeniedPermission(resource: "events"))
      lab.sandbox.server.faults.deny(DeniedPermission(verb: "deletecollection", resource: "pods"))
      let request = try lab.request(lab.sample("scratch"))
      let report = try await lab.check(request)
      #expect(report.blockers == [])
      #expect(report.remarks.map(\.code) == ["forbidden", "forbidden", "forbidden"])
      let result = try await lab.run(request)
      #expect(result.isWarm)
      #expect(lab.warnings.contains { $0.contains("no live progress") })
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("A namespace that is not there, or goes away, is said before and by the run itself")
  func namespaces() async throws {
    try await RunLab.with { lab in
      let request = try lab.request(lab.sample("scratch"), namespace: "nowhere")
      #expect(try await lab.check(request).blockers.map(\.code) == ["noNamespace"])
      await #expect { _ = try await lab.run(request, isChecked: false) } throws: {
        ($0 as? APIError)?.code == .notFound
      }
      _ = try lab.sandbox.store.create(
        ["metadata": ["name": "going", "finalizers": ["example.com/wait"]]], as: ResourceName(plural: "namespaces"))
      try await lab.client.delete(Namespace.self, "going")
      let late = try lab.request(lab.sample("scratch"), namespace: "going")
      #expect(try await lab.check(late).blockers.map(\.code) == ["namespaceTerminating"])
      await #expect { _ = try await lab.run(late, isChecked: false) } throws: {
        ($0 as? APIError)?.code == .namespaceTerminating
      }
    }
  }

  // MARK: Left-overs

  @Test("What a killed run left is found and removed by the next; what belongs to a live one is not touched")
  func leftovers() async throws {
    try await RunLab.with { lab in
      func leave(_ run: String, expires: String) async throws {
        let objects = RunObjects(try lab.request(lab.sample("web:1.27")), run: run)
        let owner = try await lab.client.create(objects.configMap(expires: expires))
        var pod = objects.pod(
          .ofRun(on: "node-9", serial: 1), images: [0], architecture: .amd64, owner: owner)
        pod.spec.affinity = nil
        pod.spec.nodeSelector = ["nowhere": "true"]
        _ = try await lab.client.create(pod)
      }
      try await leave("dddddd", expires: "2026-01-01T00:00:00Z")
      try await leave("lllll", expires: "2999-01-01T00:00:00Z")
      let leftovers = Leftovers(client: lab.client, logger: RunLab.logger)
      #expect(try await leftovers.find(in: "default").map(\.isExpired) == [true, false])
      #expect(try await leftovers.find(in: nil).count == 2)

      let result = try await lab.run(lab.request(lab.sample("scratch")))
      #expect(result.isWarm)
      #expect(lab.warnings.contains { $0.contains("prepull-web-dddddd") })
      #expect(lab.remains.sorted() == ["prepull-web-lllll", "prepull-web-lllll-1"])
      let alive = try #require(try await leftovers.find(in: "default").first)
      #expect(await leftovers.remove(alive) == .complete)
      #expect(lab.remains.isEmpty)
    }
  }

  @Test(
    "Whether a run is alive goes by the server's clock, however wrong this machine's is", arguments: [-3600.0, 3600.0])
  func wrongClock(skew: Double) async throws {
    try await RunLab.with { lab in
      var clock = SystemClock.system
      clock.date = { Date().addingTimeInterval(skew) }
      let client = try KubernetesClient(lab.sandbox.configuration, clock: clock, logger: RunLab.logger)
      let objects = RunObjects(try lab.request(lab.sample("web:1.27")), run: "aaaaaa")
      do {
        // A run on a machine that is wrong is alive for one that is right, and the other way round.
        _ = try await RunOwner(client: client, objects: objects).make()
        let right = Leftovers(client: lab.client, logger: RunLab.logger)
        #expect(try await right.find(in: "default").map(\.isExpired) == [false])
        try await RunOwner(client: lab.client, objects: objects).renew()
        let wrong = Leftovers(client: client, logger: RunLab.logger)
        #expect(try await wrong.find(in: "default").map(\.isExpired) == [false])
        // And it is over when it is over.
        _ = try await lab.client.patch(
          ConfigMap.self, objects.name, in: "default",
          .merge([
            "metadata": [
              "annotations": [
                RunObjects.Key.expires: .string(Timestamp.seconds(Date().addingTimeInterval(-60)))
              ]
            ]
          ]))
        #expect(try await wrong.find(in: "default").map(\.isExpired) == [true])
      } catch {
        await client.shutdown()
        throw error
      }
      await client.shutdown()
    }
  }
}
