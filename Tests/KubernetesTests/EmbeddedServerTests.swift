import KubeAPIServer
import Networking
import Synchronization
import Documents
import Foundation
import Kubernetes
import Logging
import Testing
import TestKit

@Suite("The client and the embedded API server", .timeLimit(.minutes(5)))
struct EmbeddedServerTests {
  /// Runs `body` with a server over TLS, and a client whose certificate says that it is the administrator.
  static func withCluster(
    configure: (inout APIServer.Options) -> Void = { _ in },
    adjust: (inout ClusterConfiguration) -> Void = { _ in },
    _ body: @Sendable (KubernetesClient, APIServer) async throws -> Void
  ) async throws {
    let authority = try CertificateAuthority()
    let admin = try authority.issueClient(name: "kubernetes-admin", groups: ["system:masters"])
    var options = APIServer.Options()
    options.authority = authority
    configure(&options)
    let server = APIServer(
      store: Store(), options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await server.serving {
      var configuration = ClusterConfiguration(server: server.address)
      configuration.tls.authority = .text(authority.authorityPEM)
      configuration.tls.clientCertificate = .text(admin.certificatePEM)
      configuration.tls.clientKey = .text(admin.keyPEM)
      adjust(&configuration)
      let retry = RetryPolicy(attempts: 80, base: .milliseconds(50), cap: .milliseconds(300))
      try await withClient(configuration, retry: retry, clock: .system) { try await body($0, server) }
    }
  }

  static func map(_ name: String, _ labels: StringMap? = nil) -> ConfigMap {
    var map = ConfigMap(metadata: ObjectMeta(name: name, namespace: "default", labels: labels))
    map.data = ["k": "v"]
    return map
  }

  @Test("The life of an object")
  func life() async throws {
    try await Self.withCluster { client, _ in
      let version = try await client.serverVersion()
      #expect(version.hasPrefix("v1."))
      let made = try await client.create(Self.map("a", ["app": "x"]))
      #expect(made.metadata.uid != nil && made.metadata.resourceVersion != nil)
      let dry = try await client.create(Self.map("dry"), dryRun: true)
      #expect(dry.metadata.name == "dry")
      #expect(try await apiError { _ = try await client.get(ConfigMap.self, "dry", in: "default") }?.code == .notFound)
      #expect(try await apiError { _ = try await client.create(Self.map("a")) }?.code == .alreadyExists)
      var applied = Self.map("a", ["app": "x"])
      applied.data = ["k": "w"]
      #expect(try await client.apply(applied, fieldManager: "other").data == ["k": "w"])
      let merged = try await client.patch(
        ConfigMap.self, "a", in: "default",
        .merge(["data": ["k": .null, "n": "1"], "metadata": ["labels": ["app": "y"]]]))
      #expect(merged.data == ["n": "1"] && merged.metadata.labels == ["app": "y"])
      let edited = try await client.patch(
        ConfigMap.self, "a", in: "default", .json([["op": "replace", "path": "/data/n", "value": "2"]]))
      #expect(edited.data == ["n": "2"])
      let stale = try await apiError {
        _ = try await client.patch(
          ConfigMap.self, "a", in: "default",
          .merge(["metadata": ["resourceVersion": .string(made.metadata.resourceVersion ?? "")], "data": ["z": "1"]]))
      }
      #expect(stale?.code == .conflict)
      let resource = DynamicResource(ConfigMap.self)
      var whole = try await client.object(resource, "a", in: "default")
      #expect(whole["kind"] == "ConfigMap")
      whole[path: "immutable"] = false
      #expect(try await client.replace(whole, as: resource)["immutable"] == false)
      let wrong = try await apiError { try await client.delete(ConfigMap.self, "a", in: "default", uid: "other") }
      #expect(wrong?.code == .conflict)
      try await client.delete(ConfigMap.self, "a", in: "default", uid: made.metadata.uid)
      #expect(try await apiError { try await client.delete(ConfigMap.self, "a", in: "default") }?.code == .notFound)
    }
  }

  @Test("Lists in pages, by labels and fields; all of a selection deleted at once")
  func lists() async throws {
    try await Self.withCluster { client, server in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<25 {
          group.addTask { _ = try await client.create(Self.map("m\(number)", ["odd": "\(number % 2)"])) }
        }
        try await group.waitForAll()
      }
      let (items, version) = try await client.list(ConfigMap.self, in: "default", labels: "odd=1", pageSize: 5)
      #expect(items.count == 12 && !version.isEmpty)
      let one = try await client.list(ConfigMap.self, fields: "metadata.name=m3").items
      #expect(one.map(\.metadata.name) == ["m3"])
      try await client.deleteAll(ConfigMap.self, in: "default", labels: "odd=0")
      #expect(try await client.list(ConfigMap.self, in: "default", labels: "odd").items.count == 12)
    }
  }

  @Test("Refusals have their codes: permission, namespace, rules")
  func refusals() async throws {
    try await Self.withCluster { client, server in
      server.faults.deny(DeniedPermission(verb: "create", resource: "pods"))
      let pod = Pod(
        metadata: ObjectMeta(name: "p", namespace: "default"),
        spec: PodSpec(containers: [Container(name: "c", image: "i")]))
      let forbidden = try await apiError { _ = try await client.create(pod) }
      #expect(
        forbidden?.code == .forbidden && forbidden?.permission?.verb == "create", "\(String(describing: forbidden))")
      #expect(forbidden?.permission?.resource == "pods" && forbidden?.permission?.namespace == "default")
      let review = try await client.create(
        SelfSubjectAccessReview(asking: .init(verb: "create", resource: "pods", namespace: "default")))
      #expect(review.status?.allowed == false)
      server.faults.allow(DeniedPermission(verb: "create", resource: "pods"))
      var elsewhere = pod
      elsewhere.metadata.namespace = "nowhere"
      let missing = elsewhere
      let namespace = try await apiError { _ = try await client.create(missing) }
      #expect(namespace?.code == .notFound && namespace?.detail == "the namespace 'nowhere' does not exist")
      var broken = pod
      broken.metadata.name = "UPPER"
      broken.spec.containers = []
      let invalid = broken
      let rules = try await apiError { _ = try await client.create(invalid) }
      #expect(rules?.code == .invalid && rules?.causes.isEmpty == false, "\(String(describing: rules))")
      _ = try await client.create(
        Namespace(
          metadata: ObjectMeta(name: "tight", labels: ["pod-security.kubernetes.io/enforce": "restricted"])))
      var loose = pod
      loose.metadata.namespace = "tight"
      let insecure = loose
      let security = try await apiError { _ = try await client.create(insecure) }
      #expect(security?.code == .podSecurity, "\(String(describing: security))")
      #expect(security?.remedy.contains("pod-security.kubernetes.io/enforce=restricted") == true)
      let kind = try await apiError {
        _ = try await client.objects(DynamicResource(apiVersion: "example.com/v1", plural: "things"))
      }
      #expect(kind?.code == .notFound)
    }
  }

  @Test("A wrong token is 401, impersonation is kept")
  func identities() async throws {
    try await Self.withCluster(configure: { $0.tokens = ["good": ServerUser(name: "robot")] }) { client, server in
      var configuration = client.configuration
      configuration.tls.clientCertificate = nil
      configuration.tls.clientKey = nil
      for (token, code) in [("good", nil), ("bad", APIError.Code.unauthorized)] {
        configuration.authentication = .token(token)
        let error = try await apiError { try await withClient(configuration) { _ = try await $0.list(ConfigMap.self) } }
        #expect(error?.code == code && error?.description.contains("bad") != true)
      }
    }
  }

  @Test("A watch lives through restarts, cuts and compaction, and loses nothing")
  func storms() async throws {
    try await Self.withCluster { client, server in
      let store = SharedStore()
      let seen = Names()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for try await event in client.watch(ConfigMap.self, in: "default", labels: "storm=1") {
            for case .added(let object) in store.objects.withLock({ $0.apply(event) }) {
              seen.add(object.metadata.name ?? "")
            }
          }
        }
        func isThere(_ name: String) async throws {
          try await eventually(name) { seen.all.contains(name) }
        }
        for round in 0..<4 {
          _ = try await client.create(Self.map("before-\(round)", ["storm": "1"]))
          try await isThere("before-\(round)")
          switch round {
          case 0: server.cutWatches()
          case 1: server.dropConnections()
          case 2:
            server.compact()
            server.cutWatches()
          default: await server.restart(downFor: .milliseconds(100))
          }
          _ = try await client.apply(Self.map("after-\(round)", ["storm": "1"]))
          try await isThere("after-\(round)")
        }
        try await client.deleteAll(ConfigMap.self, in: "default", labels: "storm=1")
        try await eventually("an empty store") { store.objects.withLock { $0.objects.isEmpty } }
        group.cancelAll()
        do { try await group.waitForAll() } catch is CancellationError {}
      }
    }
  }

  @Test("One of two leads, and the lease tells who")
  func election() async throws {
    try await Self.withCluster { client, server in
      let leaders = Names()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for name in ["one", "two"] {
          group.addTask {
            try await LeaderElectionTests.election(name, in: "default").run(client) {
              let holder = try await client.get(Lease.self, "lock", in: "default").spec?.holderIdentity
              #expect(holder == name)
              leaders.add(name)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(Set(leaders.all) == ["one", "two"])
      let recorder = EventRecorder(client, component: "prepull", instance: "test")
      let about = Event.ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "x", uid: "u")
      for _ in 0..<3 { await recorder.record(reason: "Warmed", message: "done", about: about) }
      let events = try await client.list(Event.self, in: "default", fields: "involvedObject.name=x").items
      #expect(events.count == 1 && events.first?.count == 3 && events.first?.source?.component == "prepull")
    }
  }

  /// An election in which nothing is asked for again within the time of a test.
  private static func patient(_ identity: String) -> LeaderElection {
    var election = LeaderElection(namespace: "default", name: "lock", identity: identity)
    election.leaseDuration = .seconds(3600)
    election.renewDeadline = .seconds(3600)
    election.retryPeriod = .seconds(3600)
    return election
  }

  @Test("Who stands by watches the lease: it leads as soon as the leader gives it back, and asks for nothing meanwhile")
  func takeover() async throws {
    try await Self.withCluster { client, server in
      let (ends, end) = AsyncStream<Void>.makeStream()
      let (leads, lead) = AsyncStream<Void>.makeStream()
      let (watches, watch) = AsyncStream<Void>.makeStream()
      let first = Task {
        try await Self.patient("first").run(client) {
          lead.finish()
          for await _ in ends {}
        }
      }
      for await _ in leads {}
      var standby = Self.patient("second")
      standby.onWatch = { if case .watching = $0 { watch.finish() } }
      let election = standby
      let second = Task { try await election.run(client) { true } }
      for await _ in watches {}
      server.faults.resetCounts()
      // A sign of life is no reason to ask.
      for number in 0..<20 {
        _ = try await client.patch(
          Lease.self, "lock", in: "default", .merge(["spec": ["leaseTransitions": .integer(Int64(number))]]))
      }
      end.finish()
      try await first.value
      #expect(try await second.value)
      let asked = server.requestCounts.filter {
        $0.key.resource == "leases.coordination.k8s.io" && $0.key.verb == "get"
      }
      // One before it leads, and those by which the two give the lease back.
      #expect(asked.values.reduce(0, +) <= 4, "\(asked)")
    }
  }

  @Test("Where the lease may not be watched it is asked for", arguments: ["list", "watch"])
  func unwatched(verb: String) async throws {
    try await Self.withCluster { client, server in
      server.faults.deny(DeniedPermission(verb: verb, resource: "leases.coordination.k8s.io"))
      let troubles = Names()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for name in ["one", "two"] {
          group.addTask {
            var election = LeaderElectionTests.election(name, in: "default")
            election.onTrouble = { if let error = $0 { troubles.add(error.description) } }
            try await election.run(client) { try await Task.sleep(for: .milliseconds(50)) }
          }
        }
        try await group.waitForAll()
      }
      #expect(troubles.all.isEmpty, "\(troubles.all)")
    }
  }

  @Test("Why the lease cannot be had is reported, and that it can be had again")
  func trouble() async throws {
    try await Self.withCluster { client, server in
      let denied = DeniedPermission(verb: "get", resource: "leases.coordination.k8s.io")
      server.faults.deny(denied)
      let reports = Names()
      var election = LeaderElectionTests.election("one", in: "default")
      election.onTrouble = { error in
        reports.add(error.map { "\($0.code)" } ?? "ok")
        if reports.all.count == 3 { server.faults.allow(denied) }
      }
      try await election.run(client) {}
      #expect(reports.all.prefix(3) == ["forbidden", "forbidden", "forbidden"] && reports.all.contains("ok"))
    }
  }
}

/// The objects of a watch, for tasks of a test.
private final class SharedStore: Sendable {
  let objects = Mutex(ObjectStore<ConfigMap>())
}
