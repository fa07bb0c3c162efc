import AsyncHTTPClient
import Documents
import Foundation
import KubeAPIServer
import Kubernetes
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Networking
import Registry
import TestKit
import VirtualCluster

@testable import Operator
@testable import PrepullAPI

/// An operator's server of tokens, in a sandbox of two nodes, whose registry wants a login.
struct TokenLab: Sendable {
  static let image = "team/app:v1"

  let sandbox: Sandbox
  let client: KubernetesClient
  let cluster: AgentCluster
  let service: TokenServer
  let port: Int
  /// Of the authorities to trust.
  var pem: String

  var image: String { "\(sandbox.registry.host)/\(Self.image)" }

  /// - Parameter hasTokens: whether the registry gives tokens, or takes passwords only.
  static func with<R: Sendable>(
    hasTokens: Bool = true, _ body: @escaping @Sendable (TokenLab) async throws -> R
  ) async throws -> R {
    let certificates = try CertificateAuthority()
    return try await withTokenServer(certificates: certificates) { service in
      service.allow(username: "ada", password: "pass:word")
      var options = SandboxOptions(nodes: NodeTemplate.numbered(2))
      options.tls = false
      options.hasSampleImages = false
      return try await withSandbox(options, logger: ControllerLab.logger) { sandbox in
        let image = try SampleImage()
        _ = sandbox.registry.add(image, to: "team/app", tag: "v1")
        sandbox.registry.require(hasTokens ? .bearer(service) : .basic(username: "ada", password: "pass:word"))
        let client = try ControllerLab.client(of: sandbox, as: "operator")
        do {
          let result = try await serve(sandbox, client, service, body)
          await client.shutdown()
          return result
        } catch {
          await client.shutdown()
          throw error
        }
      }
    }
  }

  private static func serve<R: Sendable>(
    _ sandbox: Sandbox, _ client: KubernetesClient, _ service: TokenServer,
    _ body: @escaping @Sendable (TokenLab) async throws -> R
  ) async throws -> R {
    let definitions = DynamicResource(
      apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", isNamespaced: false)
    for definition in CustomResourceDefinitions.all { _ = try await client.apply(definition, as: definitions) }
    var options = ControllerOptions(namespace: "prepull-system", identity: "replica-1")
    options.tokenAddress = "127.0.0.1:0"
    var registry = RegistryConfiguration()
    registry.retry = .never
    let server = try AgentTokenServer(
      client, agents: AgentCluster.namespace, options: options, registry: registry, logger: ControllerLab.logger)
    let (ports, started) = AsyncStream<Int>.makeStream()
    let running = Task { try await server.run { started.yield($0) } }
    defer { running.cancel() }
    var iterator = ports.makeAsyncIterator()
    let lab = TokenLab(
      sandbox: sandbox, client: client, cluster: AgentCluster(sandbox, client), service: service,
      port: await iterator.next() ?? 0, pem: server.certificate.pem)
    let result = try await body(lab)
    running.cancel()
    _ = await running.result
    return result
  }

  /// What the server answers.
  func ask(
    _ image: String? = nil, token: String?, method: HTTPMethod = .POST, path: String = "/v1/credential",
    body: String? = nil
  ) async throws -> (status: Int, json: JSON) {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    let name = "prepull-controller.prepull-system.svc"
    configuration.dnsOverride = [name: "127.0.0.1"]
    return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
      var request = HTTPClientRequest(url: "https://\(name):\(port)\(path)")
      request.method = method
      if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
      let json: JSON = ["image": .string(image ?? self.image)]
      if method == .POST { request.body = .bytes(ByteBuffer(string: body ?? json.text)) }
      let answer = try await http.execute(request, timeout: .seconds(60))
      let bytes = try await answer.body.collect(upTo: 1 << 20)
      return (Int(answer.status.code), (try? JSON(parsing: Array(bytes.readableBytesView))) ?? .null)
    }
  }
}
