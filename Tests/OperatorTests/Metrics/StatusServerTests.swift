@testable import Serving
@testable import Operator
import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Testing

@Suite("Serving: metrics and probes", .timeLimit(.minutes(10)))
struct StatusServerTests {
  private func withServer(
    _ health: ProcessHealth,
    _ body:
      @Sendable (@Sendable (String) async throws -> (Int, String, String)) async throws
      -> Void
  ) async throws {
    let metrics = ControllerMetrics(version: "1.2.3")
    let server = try StatusServer(
      address: "127.0.0.1:0", metrics: metrics.registry, health: health, logger: WatchedCluster.logger)
    let (ports, port) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { port.yield($0) } }
      let number = try await first("the port", of: ports) { _ in true }
      try await body { path in
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(number)\(path)")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (
          Int(response.status.code), response.headers.first(name: "Content-Type") ?? "", String(buffer: body)
        )
      }
      group.cancelAll()
      // It ends in peace, and soon.
      try await group.waitForAll()
    }
  }

  @Test("Metrics are served in the format that Prometheus asks for, and what is not there says what is")
  func metrics() async throws {
    try await withServer(ProcessHealth()) { get in
      let (status, type, text) = try await get("/metrics")
      #expect(status == 200)
      #expect(type == "text/plain; version=0.0.4; charset=utf-8")
      #expect(text.contains(#"prepull_build_info{version="1.2.3"} 1"#))
      #expect(text.contains("process_resident_memory_bytes "))
      let (missing, _, hint) = try await get("/")
      #expect(missing == 404)
      #expect(hint.contains("/metrics"))
    }
  }

  @Test("The probes tell whether it is ready, and whether a loop hangs")
  func probes() async throws {
    let health = ProcessHealth(waitingFor: ["the API server"], limit: .seconds(60))
    try await withServer(health) { get in
      #expect(try await get("/healthz").0 == 200)
      let (unready, _, why) = try await get("/readyz")
      #expect(unready == 503)
      #expect(why == "waiting for the API server\n")
      health.isReady("the API server")
      #expect(try await get("/readyz").0 == 200)
      health.beat("driver", at: .now - .seconds(61))
      let (ill, _, reason) = try await get("/healthz")
      #expect(ill == 503)
      #expect(reason.contains("driver"))
      health.beat("driver")
      #expect(try await get("/healthz").0 == 200)
      health.beat("driver", at: .now - .seconds(61))
      health.ended("driver")
      #expect(try await get("/healthz").0 == 200)
    }
  }

  @Test("Addresses that are none are refused", arguments: ["8080", "0.0.0.0", "host:port", ":70000"])
  func addresses(address: String) {
    #expect(throws: StatusServer.AddressError.self) {
      try StatusServer(
        address: address, metrics: MetricRegistry(), health: ProcessHealth(), logger: WatchedCluster.logger)
    }
  }
}
