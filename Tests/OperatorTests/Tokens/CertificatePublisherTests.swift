import Documents
import Foundation
import Kubernetes
import NIOSSL
import TestKit
import Testing
import VirtualCluster

@testable import Operator

@Suite("The certificates of the operator's replicas", .timeLimit(.minutes(2))) struct CertificatePublisherTests {
  @Test("Each replica keeps its own, and takes out those that gave no sign of life for a day")
  func publishing() async throws {
    try await TokenLab.with { lab in
      _ = try await lab.cluster.token(on: "node-1")  // makes the namespace
      let time = ManualClock()
      func publish(_ identity: String) async throws {
        try await CertificatePublisher(
          client: lab.client, namespace: AgentCluster.namespace, identity: identity, pem: "PEM of \(identity)",
          clock: time.clock, logger: ControllerLab.logger
        ).publish()
      }
      func keys() async throws -> [String] {
        let map = try await lab.client.get(ConfigMap.self, "prepull-agent-ca", in: AgentCluster.namespace)
        return map.data?.entries.keys.filter { $0.hasPrefix("r-") }.sorted() ?? []
      }
      try await publish("r-a")
      time.advance(by: .seconds(20 * 3600))
      try await publish("r-b")
      #expect(try await keys() == ["r-a", "r-a.seen", "r-b", "r-b.seen"])
      time.advance(by: .seconds(5 * 3600))
      try await publish("r-b")
      #expect(try await keys() == ["r-b", "r-b.seen"])
      // One that was only slow comes back.
      try await publish("r-a")
      #expect(try await keys() == ["r-a", "r-a.seen", "r-b", "r-b.seen"])
    }
  }

  @Test("The server publishes what it shows")
  func served() async throws {
    try await TokenLab.with { lab in
      _ = try await lab.cluster.token(on: "node-1")
      let pem = try await eventually("the certificate") {
        try? await lab.client.get(ConfigMap.self, "prepull-agent-ca", in: AgentCluster.namespace).data?["replica-1"]
      }
      #expect(pem == lab.pem)
      #expect(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).count == 1)
    }
  }

  @Test("A controller serves tokens where it is told of agents, also where it does not lead")
  func controller() async throws {
    try await ControllerLab.with { lab in
      _ = try await AgentCluster(lab.sandbox, lab.client).token(on: nil)
      func publishes() async throws -> Bool {
        let map = try? await lab.client.get(ConfigMap.self, "prepull-agent-ca", in: AgentCluster.namespace)
        return map?.data?["second"] != nil
      }
      try await lab.withController({ $0.isElected = true }) {
        try await lab.until("the first one leads") { !lab.objects(Lease.self).isEmpty }
        #expect(try await !publishes())
        try await lab.withController({
          $0.isElected = true
          $0.identity = "second"
          $0.agentNamespace = AgentCluster.namespace
          $0.tokenAddress = "127.0.0.1:0"
        }) { try await lab.until("its certificate is there") { try await publishes() } }
      }
    }
  }

  @Test("Agents that trust several replicas know each of them")
  func severalReplicas() async throws {
    try await TokenLab.with { lab in
      var both = lab
      both.pem = try ReplicaCertificate(names: ["prepull-controller.prepull-system.svc"]).pem + "\n" + lab.pem
      let answer = try await both.ask(token: "any")
      #expect(answer.status == 401)
    }
  }

  @Test("What is no time is stale, and what has none is left")
  func stale() {
    let now = Date()
    let data: [String: JSON] = [
      "a": "x", "a.seen": "nonsense", "b": "x", "c": "x", "c.seen": .string(Timestamp.seconds(now - 80_000)),
    ]
    #expect(CertificatePublisher.stale(in: data, at: now) == ["a", "a.seen"])
  }
}
