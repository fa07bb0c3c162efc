import Foundation
import Hummingbird
import ImageSources
import KubeAPIServer
import NIOCore
import Networking
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

/// A server that speaks the API as a test says.
private final class FakeServer: Sendable {
  let requests = Mutex<[RecordedRequest]>([])

  static func with<Result>(
    tls identity: CertificateAuthority.Identity? = nil,
    respond: @escaping @Sendable (RecordedRequest) async throws -> Response,
    _ body: (FakeServer, Int) async throws -> Result
  ) async throws -> Result {
    let server = FakeServer()
    return try await withLoopbackServer(
      tls: identity,
      respond: { request in
        let record = try await RecordedRequest(request)
        server.requests.withLock { $0.append(record) }
        return try await respond(record)
      }
    ) { port in try await body(server, port) }
  }
}

@Suite("Sources: asking Prometheus and Loki", .timeLimit(.minutes(2)))
struct MetricsClientTests {
  private static let answer =
    #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"image":"a:1"},"value":[1,"2"]}]}}"#

  private static func source(
    _ url: String, kind: MetricsSource.Kind = .prometheus, query: String = #"sum by (image) (x{a="b c"})"#,
    tenant: String? = nil
  ) throws -> MetricsSource {
    MetricsSource(kind: kind, address: try SourceAddress(parsing: url), query: query, tenant: tenant)
  }

  private static func ask(
    _ source: MetricsSource, _ credential: SourceCredential = .none, limit: Duration = .seconds(20),
    _ change: (inout RegistryConfiguration) -> Void = { _ in }
  ) async throws -> [String] {
    var configuration = RegistryConfiguration(userAgent: "prepull/test")
    configuration.idleTimeout = .seconds(5)
    change(&configuration)
    let client = MetricsClient(configuration: configuration, limit: limit, mostBytes: 2 << 20)
    return try await client.ask(source, credential).tally.finding(top: 10).images.map(\.reference)
  }

  private static func plain(_ status: Int = 200, _ body: String = answer, _ headers: [(String, String)] = [])
    -> Response
  {
    .plain(status, headers: headers, body: Array(body.utf8))
  }

  @Test("The query, the login and the tenant arrive as they were given", arguments: MetricsSource.Kind.allCases)
  func request(_ kind: MetricsSource.Kind) async throws {
    try await FakeServer.with(respond: { _ in Self.plain() }) { server, port in
      let source = try Self.source("http://127.0.0.1:\(port)/base/", kind: kind, tenant: "team-a")
      let login = try SourceCredential(["username": Array("ada".utf8), "password": Array("pass:wörd".utf8)])
      #expect(try await Self.ask(source, login) == ["a:1"])
      #expect(try await Self.ask(source, try SourceCredential(["token": Array("t0ken".utf8)])) == ["a:1"])
      let requests = server.requests.withLock { $0 }
      let path = kind == .prometheus ? "/base/api/v1/query" : "/base/loki/api/v1/query"
      #expect(requests.map(\.path) == [path, path])
      #expect(requests[0].query.removingPercentEncoding == #"query=sum by (image) (x{a="b c"})"#)
      #expect(requests[0].authorization == EmbeddedRegistry.basic("ada", "pass:wörd"))
      #expect(requests[1].authorization == "Bearer t0ken")
      #expect(requests.allSatisfy { $0.headers["x-scope-orgid"] == "team-a" && $0.method == "GET" })
    }
  }

  @Test("A redirect within the server is followed; one to elsewhere is not, and nothing is sent there")
  func redirects() async throws {
    try await FakeServer.with(respond: { _ in Self.plain() }) { other, otherPort in
      let mode = Mutex("")
      let respond: @Sendable (RecordedRequest) async throws -> Response = { request in
        if request.path.hasPrefix("/new") { return Self.plain() }
        let location = mode.withLock { $0 }
        return Self.plain(302, "", [("Location", location.isEmpty ? "/new\(request.path)?\(request.query)" : location)])
      }
      try await FakeServer.with(respond: respond) { server, port in
        let source = try Self.source("http://127.0.0.1:\(port)")
        let login = try SourceCredential(["token": Array("t0ken".utf8)])
        #expect(try await Self.ask(source, login) == ["a:1"])
        for target in [
          "http://127.0.0.1:\(otherPort)/api/v1/query", "http://localhost:\(port)/new", "https://127.0.0.1:\(port)/new",
          "//127.0.0.1:\(otherPort)/x", "file:///etc/passwd", "gopher://127.0.0.1:\(port)/", "",
        ] {
          mode.withLock { $0 = target.isEmpty ? "/api/v1/query" : target }
          let error = await #expect(throws: SourceError.self) { try await Self.ask(source, login) }
          #expect(error?.code == .redirected, "\(target)")
        }
        #expect(other.requests.withLock { $0.isEmpty })
      }
    }
  }

  @Test(
    "What goes wrong is told in one line",
    arguments: [
      (400, #"{"status":"error","errorType":"bad_data","error":"parse\nerror"}"#, SourceError.Code.badQuery),
      (422, #"{"status":"error","errorType":"execution","error":"too many"}"#, .badQuery), (400, "<html>", .badAnswer),
      (401, "", .unauthorized), (403, "", .unauthorized), (404, "", .badAnswer), (500, "", .fault), (503, "x", .fault),
      (200, "<html>login</html>", .badAnswer), (200, "", .badAnswer), (200, #"{"status":"success"}"#, .badQuery),
    ])
  func faults(_ status: Int, _ body: String, _ code: SourceError.Code) async throws {
    try await FakeServer.with(respond: { _ in Self.plain(status, body) }) { _, port in
      let error = await #expect(throws: SourceError.self) {
        try await Self.ask(Self.source("http://127.0.0.1:\(port)"))
      }
      #expect(error?.code == code)
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test("Nobody there, silence, and an answer without end")
  func network() async throws {
    let refused = await #expect(throws: SourceError.self) { try await Self.ask(Self.source("http://127.0.0.1:1")) }
    #expect(refused?.code == .unreachable)
    let hang: @Sendable (RecordedRequest) async throws -> Response = { _ in
      try await Task.sleep(for: .seconds(3))
      return Self.plain()
    }
    try await FakeServer.with(respond: hang) { _, port in
      let error = await #expect(throws: SourceError.self) {
        try await Self.ask(Self.source("http://127.0.0.1:\(port)"), limit: .milliseconds(300))
      }
      #expect(error?.code == .timedOut)
    }
    let endless: @Sendable (RecordedRequest) async throws -> Response = { _ in
      Response(
        status: .ok,
        body: ResponseBody { writer in
          let spaces = ByteBuffer(bytes: Array(repeating: UInt8(ascii: " "), count: 1 << 20))
          for _ in 0..<1000 { try await writer.write(spaces) }
          try await writer.finish(nil)
        })
    }
    try await FakeServer.with(respond: endless) { _, port in
      let error = await #expect(throws: SourceError.self) {
        try await Self.ask(Self.source("http://127.0.0.1:\(port)"), limit: .seconds(60))
      }
      #expect(error?.code == .tooLarge)
    }
  }

  @Test("A certificate counts by the authority of the Secret, and by no other")
  func certificates() async throws {
    let authority = try CertificateAuthority()
    let other = try CertificateAuthority()
    try await FakeServer.with(tls: authority.issue(), respond: { _ in Self.plain() }) { _, port in
      let source = try Self.source("https://127.0.0.1:\(port)")
      let good = try SourceCredential(["ca.crt": Array(authority.authorityPEM.utf8)])
      #expect(try await Self.ask(source, good) == ["a:1"])
      let bad = try SourceCredential(["ca.crt": Array(other.authorityPEM.utf8)])
      for credential in [bad, .none] {
        let error = await #expect(throws: SourceError.self) { try await Self.ask(source, credential) }
        #expect(error?.code == .tls)
      }
      let broken = try SourceCredential(["ca.crt": Array("no certificate".utf8)])
      let error = await #expect(throws: SourceError.self) { try await Self.ask(source, broken) }
      #expect(error?.code == .secret)
    }
  }
}
