import ImageSources
import Registry
import TestKit
import Testing

/// What Prometheus itself answers.
@Suite("Sources: a real Prometheus", .timeLimit(.minutes(2)))
struct RealPrometheusTests {
  private static func ask(_ server: RealPrometheus, _ query: String, top: Int = 20) async throws -> SourceFinding {
    let source = MetricsSource(
      kind: .prometheus, address: try SourceAddress(parsing: server.url), query: query, top: top)
    let (tally, warning) = try await MetricsClient(configuration: RegistryConfiguration()).ask(source, .none)
    return try await SourceFinding.of(tally, warning: warning, top: top) { pods in
      Dictionary(uniqueKeysWithValues: pods.map { ($0, [("app", "joined:\($0.name)")]) })
    }
  }

  @Test("Queries over kube_pod_container_info rank the images that pods write, and faults are told")
  func queries() async throws {
    try await withRealPrometheus { server in
      server.exposeContainers([("few:1", 1), ("many:1", 5), ("some:1", 3)])
      try await eventually("it was scraped") {
        try await Self.ask(server, "kube_pod_container_info").images.count == 3
      }
      let all = try await Self.ask(server, "kube_pod_container_info")
      #expect(all.images.map(\.reference) == ["many:1", "some:1", "few:1"])
      #expect(all.images.map(\.figure) == [.value(5), .value(3), .value(1)])
      let grouped = try await Self.ask(server, "sum by (image_spec) (kube_pod_container_info)", top: 2)
      #expect(grouped.images.map(\.reference) == ["many:1", "some:1"])
      let joined = try await Self.ask(server, "sum by (namespace, pod) (kube_pod_container_info{image_spec=\"few:1\"})")
      #expect(joined.images.map(\.reference) == ["joined:p0-0"])
      let nothing = try await Self.ask(server, "absent_metric")
      #expect(nothing.images.isEmpty)
      let numbers = try await Self.ask(server, "kube_pod_container_info * NaN")
      #expect(numbers.images.isEmpty && numbers.remarks == ["9 of 9 series have a value that is no number"])
      for (query, code) in [
        ("sum(", SourceError.Code.badQuery), ("1", .badQuery), ("kube_pod_container_info[5m]", .badQuery),
        ("\"text\"", .badQuery),
      ] {
        let error = await #expect(throws: SourceError.self) { try await Self.ask(server, query) }
        #expect(error?.code == code, "\(query): \(error?.description ?? "")")
      }
    }
  }
}
