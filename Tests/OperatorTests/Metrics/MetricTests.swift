@testable import Serving
@testable import Operator
import Testing

@Suite("Metrics: values and their text", .timeLimit(.minutes(10)))
struct MetricTests {
  @Test("The text is Prometheus' format, with everything escaped that has to be")
  func text() {
    let registry = MetricRegistry()
    let counter = registry.counter("a_total", "With \\ and\nline.", labels: ["path", "text"])
    let gauge = registry.gauge("b", "Plain \"quotes\" stay.")
    let histogram = registry.histogram("c_seconds", "Times.", labels: ["x"], buckets: [0.5, 1])
    counter.add(1, "c:\\d", "say \"hi\"\nthere")
    counter.add(2.5, "a", "ä")
    gauge.set(-3)
    histogram.observe(.milliseconds(250), "1")
    histogram.observe(1.0, "1")
    histogram.observe(7, "1")
    #expect(
      registry.text == """
        # HELP a_total With \\\\ and\\nline.
        # TYPE a_total counter
        a_total{path="a",text="ä"} 2.5
        a_total{path="c:\\\\d",text="say \\"hi\\"\\nthere"} 1
        # HELP b Plain "quotes" stay.
        # TYPE b gauge
        b -3
        # HELP c_seconds Times.
        # TYPE c_seconds histogram
        c_seconds_bucket{x="1",le="0.5"} 1
        c_seconds_bucket{x="1",le="1"} 2
        c_seconds_bucket{x="1",le="+Inf"} 3
        c_seconds_sum{x="1"} 8.25
        c_seconds_count{x="1"} 3

        """)
  }

  @Test(
    "Numbers are written as Go parses them",
    arguments: [
      (0.0, "0"), (-1, "-1"), (0.25, "0.25"), (1e18, "1000000000000000000"), (1.5e300, "1.5e+300"), (.infinity, "+Inf"),
      (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
  func numbers(value: Double, text: String) {
    #expect(Exposition.number(value) == text)
  }

  @Test("A metric without labels is there before it first counts; one with labels is not")
  func zero() {
    let registry = MetricRegistry()
    _ = registry.counter("a_total", "A.")
    _ = registry.counter("b_total", "B.", labels: ["x"])
    #expect(registry.text.contains("\na_total 0\n"))
    #expect(!registry.text.contains("\nb_total{"))
  }

  @Test("What is gone is not told for ever")
  func retain() {
    let metrics = ControllerMetrics()
    for prepull in ["web/a", "web/b"] {
      metrics.nodes.set(1, prepull, "warm")
      metrics.imageNodes.set(1, prepull, "app:1", "warm")
    }
    metrics.imageNodes.set(1, "web/a", "app:0", "warm")
    metrics.pulledBytes.add(5, "app:0")
    metrics.retain(prepulls: ["web/a"])
    metrics.retain(images: ["app:1"])
    #expect(!metrics.registry.text.contains("web/b"))
    #expect(!metrics.registry.text.contains("app:0"))
    #expect(metrics.registry.text.contains(#"prepull_image_nodes{prepull="web/a",image="app:1",state="warm"} 1"#))
  }

  @Test("Names keep the rules: prefix, base units, counters end in _total, no label of Prometheus' own")
  func names() {
    let descriptions = ControllerMetrics().registry.descriptions
    #expect(Set(descriptions.map(\.name)).count == descriptions.count)
    for metric in descriptions {
      #expect(metric.name.hasPrefix("prepull_") || metric.name.hasPrefix("process_"), "\(metric.name)")
      #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
      #expect(metric.kind != .histogram || metric.name.hasSuffix("_seconds"), "\(metric.name)")
      #expect(metric.buckets == metric.buckets.sorted(), "\(metric.name)")
      #expect(Set(metric.labels).isDisjoint(with: ["job", "instance", "le", "quantile", "namespace", "pod"]))
      #expect(metric.help.hasSuffix(".") && !metric.help.isEmpty, "\(metric.name)")
    }
  }

  #if os(Linux)
    @Test("The process tells what it uses")
    func process() throws {
      let before = try #require(ProcessMetrics.usage())
      #expect(before.residentBytes > 1_000_000)
      #expect(before.virtualBytes >= before.residentBytes)
      #expect(before.startTime > 1_600_000_000)
      var sum: UInt64 = 0
      repeat {
        for number in 0..<1_000_000 as Range<UInt64> { sum = sum &* 31 &+ number }
      } while ProcessMetrics.usage()?.cpuSeconds == before.cpuSeconds
      #expect(sum != 0)
      let registry = MetricRegistry()
      ProcessMetrics.add(to: registry)
      let lines = registry.text.split(separator: "\n")
      let cpu = lines.first { $0.hasPrefix("process_cpu_seconds_total ") }.flatMap {
        Double($0.split(separator: " ")[1])
      }
      #expect(try #require(cpu) >= before.cpuSeconds)
    }
  #endif
}
