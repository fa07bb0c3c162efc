import AsyncHTTPClient
import Documents
import Foundation
import Installation
import KubeAPIServer
import Kubernetes
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import PrepullAPI
import Serving
import TestKit
import VirtualCluster

@testable import Dashboard

/// The page inside a cluster of two namespaces, `shop` and `bank`, with the rights that `prepull install` gives it.
struct ClusterPageLab: Sendable {
  struct Answer {
    let status: Int
    let headers: HTTPHeaders
    let body: String

    var json: JSON { (try? JSON(parsing: body)) ?? .null }
    /// As a browser sends it back.
    var cookie: String? { headers.first(name: "set-cookie")?.split(separator: ";").first.map(String.init) }
  }

  let sandbox: Sandbox
  let admin: KubernetesClient
  let http: HTTPClient
  let lines: LogLines
  let port: Int
  /// Of the probes and metrics.
  let statusPort: Int
  /// What kept it from being ready when it had just told where the page is.
  let unreadinessBefore: String?

  var address: String { "https://127.0.0.1:\(port)" }

  /// - Parameter isBound: whether the page's account has its rights.
  static func with<R: Sendable>(
    isBound: Bool = true, _ body: @escaping @Sendable (ClusterPageLab) async throws -> R
  ) async throws -> R {
    let lines = LogLines()
    let quiet = Logger(label: "lab") { _ in SwiftLogNoOpLogHandler() }
    var options = SandboxOptions(nodes: NodeTemplate.numbered(2))
    options.hasSampleImages = false
    return try await withSandbox(options, logger: quiet) { sandbox in
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.certificateVerification = .none
      return try await HTTPClient.withHTTPClient(configuration: .init(tlsConfiguration: tls)) { http in
        try await closing(try KubernetesClient(sandbox.configuration, logger: quiet)) { admin in
          try await ClusterPageContent.fill(sandbox, admin, isBound: isBound)
          let configuration = try ClusterPageContent.account("prepull-dashboard", in: "prepull-system", sandbox)
          return try await closing(try KubernetesClient(configuration, logger: lines.logger)) { own in
            try await serve(own, lines) { page, status, unreadiness in
              try await body(
                ClusterPageLab(
                  sandbox: sandbox, admin: admin, http: http, lines: lines, port: page, statusPort: status,
                  unreadinessBefore: unreadiness))
            }
          }
        }
      }
    }
  }

  /// Runs the process while `body` runs, which gets its ports.
  private static func serve<R: Sendable>(
    _ client: KubernetesClient, _ lines: LogLines, _ body: @escaping @Sendable (Int, Int, String?) async throws -> R
  ) async throws -> R {
    var options = ClusterPageProcess.Options()
    options.address = "127.0.0.1:0"
    options.metricsAddress = "127.0.0.1:0"
    options.context = "lab"
    options.memory = .milliseconds(200)
    let process = ClusterPageProcess(client: client, options: options, logger: lines.logger)
    let (ports, started) = AsyncStream<(isPage: Bool, port: Int, unreadiness: String?)>.makeStream()
    return try await withThrowingTaskGroup(of: R?.self) { group in
      group.addTask {
        try await process.run {
          started.yield((true, $0, process.health.unreadiness))
        } onServing: {
          started.yield((false, $0, nil))
        }
        return nil
      }
      group.addTask {
        var (page, status) = (0, 0)
        var unreadiness: String?
        for await started in ports {
          if started.isPage {
            (page, unreadiness) = (started.port, started.unreadiness)
          } else {
            status = started.port
          }
          if page != 0, status != 0 { return try await body(page, status, unreadiness) }
        }
        return nil
      }
      defer { group.cancelAll() }
      while let result = try await group.next() { if let result { return result } }
      throw Browser.Failure(description: "the page ended")
    }
  }

  /// Shuts a client down after `body`, in whatever way that ends.
  private static func closing<R: Sendable>(
    _ client: KubernetesClient, _ body: @Sendable (KubernetesClient) async throws -> R
  ) async throws -> R {
    let result: Result<R, any Error>
    do {
      result = .success(try await body(client))
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    return try result.get()
  }

  // MARK: Asking

  func send(
    _ method: HTTPMethod = .GET, _ path: String, _ headers: [(String, String)] = [], body: String? = nil
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: path.hasPrefix("http") ? path : address + path)
    request.method = method
    // A server that ends waits for connections that are kept.
    request.headers = HTTPHeaders(headers + [("Connection", "close")])
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await http.execute(request, timeout: .seconds(30))
    let bytes = try await response.body.collect(upTo: 1 << 22)
    return Answer(status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
  }

  func get(_ path: String, as cookie: String?) async throws -> Answer {
    try await send(.GET, path, cookie.map { [("Cookie", $0)] } ?? [])
  }

  func logIn(with token: String) async throws -> Answer {
    let json: JSON = ["token": .string(token)]
    return try await send(
      .POST, "/login", [("Content-Type", "application/json"), ("Origin", address)], body: json.text)
  }

  /// Logs an account of the namespace `people` in; the cookie.
  func session(of account: String) async throws -> String {
    let answer = try await logIn(with: try token(of: account))
    guard answer.status == 200, let cookie = answer.cookie else {
      throw Browser.Failure(description: "\(account) cannot log in: \(answer.status) \(answer.body)")
    }
    return cookie
  }

  /// A token as `kubectl create token` makes it, bound to a pod, so that it may also be short or over.
  func token(of account: String, lifetime: Duration = .seconds(3600), audience: String? = nil) throws -> String {
    try ClusterPageContent.token(account, in: "people", sandbox, lifetime: lifetime, audience: audience)
  }

  /// What a page is told first, and the rest of the stream.
  func events(
    as cookie: String,
    _ body:
      @escaping @Sendable (_ first: String, _ rest: HTTPClientResponse.Body.AsyncIterator)
      async throws -> Void
  ) async throws {
    var request = HTTPClientRequest(url: address + "/api/events")
    request.headers = HTTPHeaders([("Cookie", cookie), ("Connection", "close")])
    let response = try await http.execute(request, timeout: .seconds(60))
    guard response.status == .ok else { throw Browser.Failure(description: "events: \(response.status)") }
    var iterator = response.body.makeAsyncIterator()
    var text = ""
    while let part = try await iterator.next() {
      text += String(buffer: part)
      if let event = text.range(of: "event: state\ndata: "), text[event.upperBound...].contains("\n\n") { break }
    }
    try await body(text, iterator)
  }

  /// The document that a page is told first.
  func document(as cookie: String) async throws -> JSON {
    let found = Found()
    try await events(as: cookie) { text, _ in
      let line = text.split(separator: "\n").first { $0.hasPrefix("data: {") }?.dropFirst(6) ?? ""
      await found.set((try? JSON(parsing: String(line))) ?? .null)
    }
    return await found.json
  }

  private actor Found {
    var json = JSON.null
    func set(_ json: JSON) { self.json = json }
  }
}
