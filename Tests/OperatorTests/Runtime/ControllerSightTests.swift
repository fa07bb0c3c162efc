import Serving
@testable import KubeAPIServer
@testable import PrepullAPI
import Warming
@testable import Operator
@testable import VirtualCluster
import Runtimes
import TestKit
import AsyncHTTPClient
import Documents
import Foundation
import ImageModel
import Kubernetes
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite("What the operator sees, and what it does when it does not", .timeLimit(.minutes(5)))
struct ControllerSightTests {
  // MARK: Odd objects

  enum Odd: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case node, pod, prepull, warmNode

    var testDescription: String { rawValue }

    var resource: ResourceName {
      switch self {
      case .node: ResourceName(plural: "nodes")
      case .pod: ResourceName(plural: "pods")
      case .prepull: ResourceName(group: "prepull.dev", plural: "prepulls")
      case .warmNode: ResourceName(group: "prepull.dev", plural: "warmnodes")
      }
    }

    /// What a later version of Kubernetes, or of Prepull, might write.
    var content: JSON {
      switch self {
      case .node: ["spec": ["taints": ["later"]]]
      case .pod: ["spec": ["containers": ["later"]]]
      case .prepull: ["spec": ["images": "later"]]
      case .warmNode: ["status": ["images": "later"]]
      }
    }

    /// Puts it there behind the server's validation, as another version of it would.
    func put(into sandbox: Sandbox, named name: String) throws {
      let definition = try #require(sandbox.store.definition(resource))
      var object = content
      var metadata: JSON = ["name": .string(name), "uid": .string("uid-of-\(name)")]
      if definition.isNamespaced { metadata["namespace"] = "default" }
      metadata["creationTimestamp"] = .string(Timestamp.seconds(Date()))
      if self == .pod { metadata["labels"] = ["prepull.dev/prepull": "somebody"] }
      object["metadata"] = metadata
      let key = ObjectKey(definition.isNamespaced ? "default" : nil, name)
      _ = try sandbox.store.commit(.put(object), over: nil, definition, key)
    }
  }

  @Test(
    "An object that cannot be decoded is named and counted, and all others are taken care of", arguments: Odd.allCases)
  func odd(kind: Odd) async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try lab.images(2)
      let lines = LogLines()
      try kind.put(into: lab.sandbox, named: "odd-at-first")
      try await lab.withController(logger: lines.logger) {
        try await lab.make("web", [images[0]])
        try await lab.untilCondition("Ready", of: "web")
        // While it is watched too.
        try kind.put(into: lab.sandbox, named: "odd-later")
        try await lab.make("second", [images[1]])
        try await lab.untilCondition("Ready", of: "second")
        try await lab.expectOnePull(of: images, on: ["node-1", "node-2"])
        #expect(lab.metrics.skippedObjects.value(kind.resource.description) >= 1)
        let named = kind == .warmNode ? ["odd-at-first"] : ["odd-at-first", "odd-later"]
        for name in named {
          try await lab.until("a warning names \(name)") {
            lines.warnings.contains { $0.contains("an object cannot be read") && $0.contains(name) }
          }
        }
      }
    }
  }

  // MARK: Watches

  private static func get(_ path: String, _ port: Int) async throws -> (Int, String) {
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
    return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
  }

  @Test(
    "Without the right to see something it says so, is not ready, and goes on as soon as it may",
    arguments: ["prepulls.prepull.dev", "nodes", "pods", "warmnodes.prepull.dev"])
  func forbidden(resource: String) async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let image = try lab.images(1)
      let denied = DeniedPermission(verb: "list", resource: resource)
      lab.sandbox.server.faults.deny(denied)
      let lines = LogLines()
      let port = Mutex(0)
      try await lab.withController(
        { $0.metricsAddress = "127.0.0.1:0" }, logger: lines.logger, onServing: { new in port.withLock { $0 = new } }
      ) {
        try await lab.make("web", image)
        let name = String(resource.prefix { $0 != "." })
        try await lab.until("failures are counted") { lab.metrics.watchErrors.value(name, "forbidden") >= 2 }
        #expect(lab.metrics.watchSynced.value(name) == 0)
        #expect(lines.warnings.count { $0.contains("the watch fails") && $0.contains("resource=\(name)") } == 1)
        let (status, why) = try await Self.get("/readyz", port.withLock { $0 })
        #expect(status == 503 && why.hasPrefix("waiting for ") && why.contains("may not list \(name)"), "\(why)")
        // As Prometheus sees it.
        let metrics = try await Self.get("/metrics", port.withLock { $0 }).1.split(separator: "\n")
        let failures = #"prepull_watch_errors_total{resource="\#(name)",code="forbidden"} "#
        #expect(metrics.contains { $0.hasPrefix(failures) })
        #expect(metrics.contains(#"prepull_watch_synced{resource="\#(name)"} 0"#))
        lab.sandbox.server.faults.allow(denied)
        try await lab.untilCondition("Ready", of: "web")
        #expect(lab.metrics.watchSynced.value(name) == 1)
        #expect(try await Self.get("/readyz", port.withLock { $0 }).0 == 200)
      }
    }
  }

  @Test("A leader whose token is refused gives the lease up to another, and waits before it stands again")
  func stepsAside() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      lab.sandbox.server.faults.fail(401, times: 100_000) {
        $0.client == "controller" && $0.resource == "nodes" && $0.verb == "list"
      }
      let lines = LogLines()
      try await lab.withController(
        {
          $0.isElected = true
          $0.retryPeriod = .milliseconds(50)
          $0.stepAsideAfter = .milliseconds(400)
          $0.standAside = .seconds(3600)
        }, logger: lines.logger
      ) {
        try await lab.until("the lease is given up") {
          lab.objects(Lease.self).first { $0.metadata.name == ControllerOptions.lease }?.spec?.holderIdentity == ""
        }
        try await lab.until("it is said") { lines.warnings.contains { $0.contains("leadership given up") } }
        #expect(lab.metrics.isLeader.value() == 0)
      }
    }
  }

  @Test("One of its own refusals makes no other replica lead: the lease is kept")
  func keepsLease() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let denied = DeniedPermission(verb: "list", resource: "nodes")
      lab.sandbox.server.faults.deny(denied)
      let lines = LogLines()
      let image = try lab.images(1)
      try await lab.withController(
        {
          $0.isElected = true
          $0.retryPeriod = .milliseconds(50)
          $0.stepAsideAfter = .milliseconds(100)
        }, logger: lines.logger
      ) {
        try await lab.make("web", image)
        try await lab.until("it was refused again and again") {
          lab.metrics.watchErrors.value("nodes", "forbidden") >= 8
        }
        lab.sandbox.server.faults.allow(denied)
        try await lab.untilCondition("Ready", of: "web")
        #expect(!lines.all.contains { $0.contains("leadership given up") || $0.contains("leadership lost") })
      }
    }
  }

  @Test("Who stands by takes over from a leader that ends without asking for the lease again and again")
  func gracefulTakeover() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      @Sendable func elected(_ name: String) -> (inout ControllerOptions) -> Void {
        {
          $0.isElected = true
          $0.identity = name
          // Long enough that nothing but the watch can tell within the time of a test.
          $0.leaseDuration = .seconds(3600)
          $0.renewDeadline = .seconds(3600)
          $0.retryPeriod = .seconds(3600)
        }
      }
      func holder() -> String? {
        lab.objects(Lease.self).first { $0.metadata.name == ControllerOptions.lease }?.spec?.holderIdentity
      }
      let image = try lab.images(1)
      let (ends, end) = AsyncStream<Void>.makeStream()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await lab.withController(elected("first")) { for await _ in ends {} } }
        try await lab.until("the first leads") { holder() == "first" }
        try await lab.withController(elected("second")) {
          try await lab.until("the second watches the lease") {
            lab.sandbox.server.requestCounts.contains {
              $0.key.verb == "watch" && $0.key.resource == "leases.coordination.k8s.io"
            }
          }
          end.finish()
          try await lab.until("the second leads") { holder() == "second" }
          try await lab.make("web", image)
          try await lab.untilCondition("Ready", of: "web")
        }
        try await group.waitForAll()
      }
    }
  }

  // MARK: Time

  @Test("A policy that refuses Leases of a dry run keeps nothing from being done")
  func refusedLeases() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1), skew: -300) { lab in
      lab.sandbox.server.faults.fail(422, times: 100_000) {
        $0.client == "controller" && $0.verb == "create" && $0.resource == "leases.coordination.k8s.io"
      }
      let image = try lab.images(1)
      try await lab.withController {
        try await lab.make("web", image)
        try await lab.untilCondition("Ready", of: "web")
        let moment = try await lab.prepull("web").status?.conditions?["Ready"]?.lastTransitionTime
        let date = try #require(moment.flatMap(Timestamp.date))
        #expect(abs(date.timeIntervalSinceNow) < 100, "by the server's clock, not by one that is wrong by 300 s")
      }
    }
  }

  // MARK: Races

  @Test("A pod whose name is taken by one that goes meanwhile is made, and refused to nobody")
  func nameTaken() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let images = try lab.images(1)
      let prepull = try await lab.make("web", images)
      let node = try #require(lab.node("node-1"))
      let names = PullerNames(PrepullID(namespace: "default", name: "web", uid: prepull.metadata.uid ?? ""))
      let name = names.pod(node: "node-1", nodeUID: node.metadata.uid ?? "")
      // Bound to no node, so that nothing happens to it.
      var taken = Pod(
        metadata: ObjectMeta(name: name, namespace: "default"),
        spec: PodSpec(containers: [Container(name: "c", image: images[0])]))
      taken.spec.nodeSelector = ["no": "where"]
      _ = try await lab.client.create(taken)
      let store = lab.sandbox.store
      lab.sandbox.server.faults.fail(404, times: 1) { key in
        guard key.client == "controller", key.verb == "get", key.resource == "pods" else { return false }
        _ = try? store.delete(ResourceName(plural: "pods"), namespace: "default", name: name)
        return true
      }
      let lines = LogLines()
      try await lab.withController(logger: lines.logger) {
        try await lab.untilCondition("Ready", of: "web")
        try await lab.expectOnePull(of: images, on: ["node-1"])
        #expect(!lines.all.contains { $0.contains("a write failed") && $0.contains("pods") }, "\(lines.all)")
      }
    }
  }
}
