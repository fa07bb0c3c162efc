import Documents
import ImageModel
@testable import ImageSources
import Kubernetes
@testable import Operator
@testable import PrepullAPI
import Registry
import TestKit
import Testing
import VirtualCluster

@Suite("The operator: a real Prometheus", .timeLimit(.minutes(3)))
struct ControllerPrometheusTests {
  private static func source(_ server: RealPrometheus, _ query: String, top: Int? = nil) -> [Prepull.Source] {
    var metrics = Prepull.Source.Metrics(url: server.url, query: query)
    (metrics.top, metrics.interval) = (top, "30s")
    var source = Prepull.Source()
    source.prometheus = metrics
    return [source]
  }

  @Test("What it ranks is warmed, by image and by pod; an empty answer or a bad query takes nothing away")
  func warms() async throws {
    try await withRealPrometheus { server in
      try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
        let images = try lab.images(3)
        server.exposeContainers(zip(images, [1, 5, 3]).map { ($0, $1) })
        let client = MetricsClient(configuration: RegistryConfiguration())
        let all = MetricsSource(
          kind: .prometheus, address: try SourceAddress(parsing: server.url), query: "kube_pod_container_info", top: 20)
        try await eventually("it was scraped") { try await client.ask(all, .none).tally.series == 9 }
        let pod = Pod(
          metadata: ObjectMeta(name: "p2-0", namespace: "web"),
          spec: PodSpec(containers: [Container(name: "app", image: images[2])]))
        _ = try await lab.client.create(Namespace(metadata: ObjectMeta(name: "web")))
        _ = try await lab.client.create(pod)
        let allowed = try AllowedSources(parsing: [server.host])
        try await lab.withController({ $0.allowedSources = allowed }) {
          for (name, query, top) in [
            ("ranked", "sum by (image_spec) (kube_pod_container_info)", 2),
            ("joined", #"sum by (namespace, pod) (kube_pod_container_info{pod="p2-0"})"#, nil),
          ] {
            try await lab.make(name, []) { ($0.images, $0.sources) = (nil, Self.source(server, query, top: top)) }
          }
          try await lab.untilCondition("Ready", of: "ranked", reason: "AllNodesWarm")
          #expect(try await lab.prepull("ranked").status?.images?.map(\.image) == [images[1], images[2]])
          try await lab.untilCondition("Ready", of: "joined", reason: "AllNodesWarm")
          #expect(try await lab.prepull("joined").status?.images?.map(\.image) == [images[2]])
          try await lab.edit("ranked", ["sources": try JSON(encoding: Self.source(server, "absent_metric"))])
          try await lab.untilCondition("Degraded", of: "ranked", reason: "SourceEmpty")
          try await lab.edit("joined", ["sources": try JSON(encoding: Self.source(server, "sum("))])
          try await lab.untilCondition("Degraded", of: "joined", reason: "SourceFailed")
          let message = try await lab.prepull("joined").status?.conditions?["Degraded"]?.message ?? ""
          #expect(message.contains("parse error"), "\(message)")
          #expect(try await lab.prepull("ranked").status?.images?.map(\.image) == [images[1], images[2]])
          #expect(try await lab.prepull("joined").status?.images?.map(\.image) == [images[2]])
        }
      }
    }
  }
}
