import Documents
import Foundation
import ImageModel
import KubeAPIServer
import Kubernetes
import Logging
import Networking
import PrepullAPI
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent
@testable import Operator

@Suite("Credentials that the operator gives", .timeLimit(.minutes(3))) struct OperatorCredentialsTests {
  fileprivate static var logger: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  /// A sandbox whose registry wants tokens, an agent's token file, and its place to ask on a port.
  private struct Lab: Sendable {
    let cluster: AgentCluster
    let service: TokenServer
    let folder: String
    let reference: Reference

    var client: KubernetesClient { cluster.client }
    var tokenFile: String { "\(folder)/token" }

    func agent(on port: Int, clock: SystemClock = .system) -> OperatorCredentials {
      let name = "prepull-controller.prepull-system.svc"
      var place = OperatorCredentials.Place(url: "https://\(name):\(port)", namespace: AgentCluster.namespace)
      place.tokenFile = tokenFile
      place.address = { $0 == name ? "127.0.0.1" : nil }
      return OperatorCredentials(place, client: client, clock: clock, logger: OperatorCredentialsTests.logger)
    }

    /// Runs an operator while `body` runs.
    func withOperator<R>(_ identity: String = "replica-1", port: Int = 0, _ body: (Int) async throws -> R) async throws
      -> R
    {
      var options = ControllerOptions(namespace: "prepull-system", identity: identity)
      options.tokenAddress = "127.0.0.1:\(port)"
      let server = try AgentTokenServer(
        client, agents: AgentCluster.namespace, options: options, registry: RegistryConfiguration(),
        logger: OperatorCredentialsTests.logger)
      let (ports, started) = AsyncStream<Int>.makeStream()
      let running = Task { try await server.run { started.yield($0) } }
      defer { running.cancel() }
      var iterator = ports.makeAsyncIterator()
      let port = await iterator.next() ?? 0
      try await eventually("its certificate") {
        let map = try? await client.get(ConfigMap.self, "prepull-agent-ca", in: AgentCluster.namespace)
        return map?.data?[identity] != nil
      }
      let result = try await body(port)
      running.cancel()
      _ = await running.result
      return result
    }
  }

  private func withLab<R>(_ body: (Lab) async throws -> R) async throws -> R {
    let certificates = try CertificateAuthority()
    return try await withTokenServer(certificates: certificates) { service in
      service.allow(username: "ada", password: "pass:word")
      var options = SandboxOptions(nodes: NodeTemplate.numbered(1))
      options.tls = false
      options.hasSampleImages = false
      return try await withSandbox(options, logger: Self.logger) { sandbox in
        let reference = sandbox.registry.add(try SampleImage(), to: "team/app", tag: "v1")
        sandbox.registry.require(.bearer(service))
        let client = try KubernetesClient(sandbox.configuration, logger: Self.logger)
        do {
          let result = try await withTemporaryFolder("agent") { folder in
            let definitions = DynamicResource(
              apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", isNamespaced: false)
            for definition in CustomResourceDefinitions.all { _ = try await client.apply(definition, as: definitions) }
            let cluster = AgentCluster(sandbox, client)
            try await cluster.secret("login", for: sandbox.registry.host, username: "ada", password: "pass:word")
            let lab = Lab(cluster: cluster, service: service, folder: folder, reference: reference)
            try write(try await cluster.token(on: "node-1"), to: lab.tokenFile)
            return try await body(lab)
          }
          await client.shutdown()
          return result
        } catch {
          await client.shutdown()
          throw error
        }
      }
    }
  }

  private func load(_ credentials: OperatorCredentials, _ reference: Reference) async throws -> [RegistryCredential] {
    let sources = await credentials.sources(for: reference)
    #expect(sources.map(\.name) == ["the operator"])
    return try await sources[0].load()
  }

  private func fault(_ credentials: OperatorCredentials, _ reference: Reference) async throws -> LoginFault? {
    do {
      _ = try await load(credentials, reference)
      return nil
    } catch let fault as LoginFault {
      return fault
    }
  }

  @Test("A token opens the registry, and is kept until a minute before its end; a new certificate is found")
  func tokens() async throws {
    try await withLab { lab in
      let time = ManualClock()
      let reference = lab.reference
      let port = try await lab.withOperator { port in
        let agent = lab.agent(on: port, clock: time.clock)
        let none = try await fault(agent, reference)
        #expect(none?.reason == "NotWanted")
        try await lab.cluster.prepull("app", reference.description, secrets: ["login"])
        try await lab.cluster.wish([(reference.description, ["app"])], on: "node-1")
        let first = try await load(agent, reference)
        guard case .registryToken(let token) = first.first else {
          Issue.record("no token: \(first)")
          return port
        }
        #expect(lab.service.accepts(token, repository: "team/app"))
        // Kept: it is not asked for, whoever the agent is now.
        let own = try String(contentsOfFile: lab.tokenFile, encoding: .utf8)
        try write("worthless", to: lab.tokenFile)
        #expect(try await load(agent, reference) == first)
        time.advance(by: .seconds(245))
        #expect(try await fault(agent, reference)?.reason == "Unauthorized")
        // The file is read at each question.
        try write(own, to: lab.tokenFile)
        #expect(try await load(agent, reference).count == 1)
        return port
      }
      let agent = lab.agent(on: port)
      let away = try await fault(agent, reference)
      #expect(away?.reason == "OperatorUnavailable")
      #expect(away?.message.contains("prepull-controller.prepull-system.svc") == true)
      // Another replica, with another certificate, on the same port.
      try await lab.withOperator("replica-2", port: port) { _ in
        let logins = try await load(agent, reference)
        #expect(logins.count == 1)
      }
    }
  }

  @Test("Without a token or certificates, what is missing is named")
  func missing() async throws {
    try await withLab { lab in
      let agent = lab.agent(on: 1)
      let map = try await fault(agent, lab.reference)
      #expect(map?.reason == "OperatorUnavailable" && map?.message.contains("prepull-agent/prepull-agent-ca") == true)
      try await lab.withOperator { port in
        try FileManager.default.removeItem(atPath: lab.tokenFile)
        let file = try await fault(lab.agent(on: port), lab.reference)
        #expect(file?.reason == "OperatorUnavailable" && file?.message.contains(lab.tokenFile) == true)
      }
    }
  }

  @Test("An answer for another repository is not taken, nor is one that is none")
  func answers() {
    func answer(_ status: Int, _ text: String) throws(LoginFault) -> OperatorAnswer {
      try OperatorAnswer(status: status, body: Array(text.utf8), registry: "r.test", repository: "a")
    }
    func fault(_ status: Int, _ text: String) -> LoginFault? {
      do throws(LoginFault) { _ = try answer(status, text) } catch { return error }
      return nil
    }
    #expect(fault(200, #"{"registry":"r.test","repository":"b","token":"x"}"#)?.reason == "OperatorUnavailable")
    #expect(fault(502, "<html>hunter2").map { !$0.message.contains("hunter2") } == true)
    #expect(fault(403, #"{"reason":"PasswordNotAllowed","message":"set it"}"#)?.reason == "PasswordNotAllowed")
    #expect(fault(403, #"{"reason":"two words","message":"x"}"#)?.reason == "OperatorUnavailable")
    let open = try? answer(200, #"{"registry":"r.test","repository":"a"}"#)
    #expect(open != nil && open?.login == nil)
    let login = try? answer(200, #"{"registry":"r.test","repository":"a","username":"u","password":"p"}"#)
    #expect(login?.login == .basic(username: "u", password: "p") && login?.expires == nil)
  }
}
