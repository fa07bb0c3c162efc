import AsyncHTTPClient
import Foundation
package import ImageModel
package import KubeAPIServer
import NIOCore
import NIOHTTP1
import NIOSSL
import Subprocess
import SystemPackage
package import VirtualCluster

/// Runs Debian's docker-registry on a free loopback port, with its data in a folder of its own.
///
/// - Parameter clients: where given, only clients with a certificate of this authority are answered.
package func withRealRegistry<Result: Sendable>(
  auth: RealRegistry.Auth = .none, tls: CertificateAuthority? = nil, clients: CertificateAuthority? = nil,
  _ body: (RealRegistry) async throws -> Result
) async throws -> Result {
  try await withTemporaryFolder("registry") { folder in
    try await RealRegistry.configure(in: folder, auth: auth, tls: tls, clients: clients)
    let log = try FileDescriptor.open(
      FilePath(folder + "/log"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    let teardown: [TeardownStep] = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
    var options = PlatformOptions()
    options.teardownSequence = teardown
    let outcome = try await Subprocess.run(
      .name("docker-registry"), arguments: ["serve", folder + "/config.yml"], platformOptions: options,
      input: .none, output: .discarded, error: .fileDescriptor(log, closeAfterSpawningProcess: true)
    ) { execution in
      do {
        let port = try await RealRegistry.port(from: folder + "/log")
        let result = try await body(RealRegistry(port: port, auth: auth, tls: tls, clients: clients))
        await execution.teardown(using: teardown)
        return result
      } catch {
        await execution.teardown(using: teardown)
        throw error
      }
    }
    return outcome.closureResult
  }
}

/// A running docker-registry; see `withRealRegistry`.
package struct RealRegistry: Sendable {
  package enum Auth: Sendable {
    case none
    case htpasswd(username: String, password: String)
    /// The registry trusts the tokens of this server, which `certificates` signed.
    case token(TokenServer, CertificateAuthority)
  }

  package let port: Int
  package let auth: Auth
  fileprivate let tls: CertificateAuthority?
  fileprivate let clients: CertificateAuthority?

  /// The registry part of references to its images.
  package var host: String { "127.0.0.1:\(port)" }
  private var base: String { (tls == nil ? "http://" : "https://") + host }

  /// Writes `config.yml` and what it names into `folder`.
  fileprivate static func configure(
    in folder: String, auth: Auth, tls: CertificateAuthority?, clients: CertificateAuthority?
  ) async throws {
    func write(_ text: String, to name: String) throws {
      try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
    }
    var config = """
      version: 0.1
      log: {level: info, accesslog: {disabled: true}}
      storage: {filesystem: {rootdirectory: "\(folder)/data"}, delete: {enabled: true}}
      http:
        addr: 127.0.0.1:0

      """
    if let tls {
      let identity = try tls.issue()
      try write(identity.certificatePEM, to: "server.pem")
      try write(identity.keyPEM, to: "server.key")
      var fields = "certificate: \"\(folder)/server.pem\", key: \"\(folder)/server.key\""
      if let clients { fields += ", clientcas: [\"\(try clients.writeAuthority(to: folder))\"]" }
      config += "  tls: {\(fields)}\n"
    }
    switch auth {
    case .none: break
    case .htpasswd(let username, let password):
      let made = try await Subprocess.run(
        .name("htpasswd"), arguments: ["-niB", "-C", "4", username], input: .string(password + "\n"),
        output: .string(limit: 4096))
      try write(made.standardOutput, to: "htpasswd")
      config += "auth: {htpasswd: {realm: test, path: \"\(folder)/htpasswd\"}}\n"
    case .token(let server, let certificates):
      try write(certificates.authorityPEM, to: "token.pem")
      config += """
        auth:
          token:
            {realm: "\(server.realm)", service: \(server.service), issuer: \(server.issuer),
            rootcertbundle: "\(folder)/token.pem"}

        """
    }
    try write(config, to: "config.yml")
  }

  /// Waits until the registry writes into its log where it listens.
  fileprivate static func port(from log: String) async throws -> Int {
    do {
      return try await eventually("its port") {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.firstMatch(of: /listening on 127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) }
      }
    } catch is NeverHappened {
      throw ServerDidNotStart(log: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
    }
  }

  /// Uploads `image` so that `host/repository:tag` names it; returns that reference.
  @discardableResult
  package func push(
    _ image: SampleImage, to repository: String = "test/image", tag: String = "v1"
  ) async throws -> Reference {
    var configuration = HTTPClient.Configuration()
    if let tls {
      configuration.tlsConfiguration = .makeClientConfiguration()
      configuration.tlsConfiguration?.trustRoots = .certificates(
        try NIOSSLCertificate.fromPEMBytes(Array(tls.authorityPEM.utf8)))
      if let own = try clients?.issueClient(name: "pusher") {
        configuration.tlsConfiguration?.certificateChain = [
          .certificate(try NIOSSLCertificate(bytes: own.certificateDER, format: .der))
        ]
        configuration.tlsConfiguration?.privateKey = .privateKey(
          try NIOSSLPrivateKey(bytes: Array(own.keyPEM.utf8), format: .pem))
      }
    }
    let authorization: String? =
      switch auth {
      case .none: nil
      case .htpasswd(let username, let password): EmbeddedRegistry.basic(username, password)
      case .token(let server, _):
        "Bearer " + (try server.issue(repository: repository, actions: ["pull", "push"]))
      }
    return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
      func send(
        _ method: HTTPMethod, _ url: String, type: String = "application/octet-stream", body: [UInt8] = []
      ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Content-Type", value: type)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await client.execute(request, timeout: .seconds(60))
        guard (200..<300).contains(response.status.code) else {
          throw PushFailed(url: url, status: response.status.code)
        }
        return response
      }
      for blob in image.blobs {
        let upload = try await send(.POST, "\(base)/v2/\(repository)/blobs/uploads/")
        guard let location = upload.headers.first(name: "Location") else {
          throw PushFailed(url: "upload without a location", status: upload.status.code)
        }
        let target = (location.hasPrefix("/") ? base : "") + location
        let separator = target.contains("?") ? "&" : "?"
        _ = try await send(.PUT, "\(target)\(separator)digest=\(blob.descriptor.digest)", body: blob.bytes)
      }
      for manifest in image.manifests {
        let isRoot = manifest.descriptor.digest == image.root.descriptor.digest
        let name = isRoot ? tag : manifest.descriptor.digest.description
        _ = try await send(
          .PUT, "\(base)/v2/\(repository)/manifests/\(name)", type: manifest.descriptor.mediaType,
          body: manifest.bytes)
      }
      return Reference(registry: host, repository: repository, tag: tag, digest: nil)
    }
  }
}

/// A registry refused an upload of the tests.
struct PushFailed: Error {
  let url: String
  let status: UInt
}
