import Dashboard
import NodeAgent
@testable import Serving
@testable import Operator
import Documents
import Foundation
import Testing
import Yams

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// What is written about metrics outside of the program, held against those there are.
@Suite("Monitoring: dashboard, alerts and documentation", .timeLimit(.minutes(10)))
struct MonitoringTests {
  private static let metrics = Dictionary(
    (ControllerMetrics().registry.descriptions + AgentMetrics().registry.descriptions
      + PageMetrics().registry.descriptions).map { ($0.name, $0) }
  ) { first, _ in first }

  /// The metric of a series, whose name a histogram's series lengthen.
  private static func metric(_ series: String) -> MetricDescription? {
    if let exact = metrics[series] { return exact.kind == .histogram ? nil : exact }
    for suffix in ["_bucket", "_sum", "_count"] where series.hasSuffix(suffix) {
      if let found = metrics[String(series.dropLast(suffix.count))], found.kind == .histogram { return found }
    }
    return nil
  }

  /// Expects that an expression names only metrics, labels and values that exist.
  private static func check(_ expression: String, _ place: String) throws {
    var labels: Set<String> = ["le", "job", "instance"]
    var series = 0
    for match in expression.matches(of: /\b((?:prepull|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/) {
      series += 1
      let metric = try #require(Self.metric(String(match.1)), "\(place): there is no series \(match.1)")
      labels.formUnion(metric.labels)
      guard let selector = match.2 else { continue }
      for condition in selector.matches(of: /([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/) {
        let (label, value) = (String(condition.1), String(condition.2))
        #expect((metric.labels + ["job"]).contains(label), "\(place): \(metric.name) has no label \(label)")
        let isFree = ["prepull", "image", "registry", "verb", "resource", "code", "job", "source"].contains(label)
        #expect(isFree || metric.help.contains(value), "\(place): \(metric.name) is not told to have \(label)=\(value)")
      }
    }
    #expect(series > 0, "\(place): \(expression)")
    for grouping in expression.matches(of: /\b(?:by|on|without)\s*\(([^)]*)\)/) {
      for label in grouping.1.split(separator: ",") {
        #expect(labels.contains(label.trimmingCharacters(in: .whitespaces)), "\(place): no label \(label)")
      }
    }
  }

  @Test("The dashboard is whole, and each of its panels asks for what there is")
  func dashboard() throws {
    let board = try JSON(parsing: Array(Data(contentsOf: root.appending(path: "deploy/monitoring/dashboard.json"))))
    #expect(board["title"] == "Prepull")
    let panels = try #require(board["panels"]?.array)
    #expect(Set(panels.compactMap { $0["id"]?.integer }).count == panels.count)
    let variables = try #require(board[path: "templating", "list"]?.array).compactMap { $0["name"]?.string }
    var taken: Set<[Int64]> = []
    var expressions = ""
    for panel in panels {
      let title = try #require(panel["title"]?.string)
      let place = try ["x", "y", "w", "h"].map { try #require(panel[path: "gridPos", $0]?.integer, "\(title)") }
      #expect(place[0] + place[2] <= 24, "\(title) sticks out")
      for x in place[0]..<place[0] + place[2] {
        for y in place[1]..<place[1] + place[3] {
          #expect(taken.insert([x, y]).inserted, "\(title) lies over another panel")
        }
      }
      guard panel["type"] != "row" else { continue }
      for target in try #require(panel["targets"]?.array) {
        let expression = try #require(target["expr"]?.string)
        try Self.check(expression, title)
        expressions += expression
        #expect(target[path: "datasource", "uid"] == "${datasource}", "\(title)")
        for variable in expression.matches(of: /\$([a-z]+)\b/) {
          #expect(variables.contains(String(variable.1)), "\(title): there is no variable \(variable.0)")
        }
      }
    }
    // What is not shown nobody looks at. The page inside the cluster is beside the operator's work.
    let hidden = Self.metrics.keys.filter {
      $0.hasPrefix("prepull_") && !$0.hasPrefix("prepull_page_") && !expressions.contains($0)
    }
    #expect(Set(hidden) == ["prepull_build_info", "prepull_agent_build_info", "prepull_leader"])
  }

  @Test("Each alert asks for what there is, and says what it means and what to do")
  func alerts() throws {
    let text = try String(contentsOf: root.appending(path: "deploy/monitoring/alerts.yaml"), encoding: .utf8)
    let rule = try #require(try Yams.load(yaml: text) as? [String: Any])
    #expect(rule["apiVersion"] as? String == "monitoring.coreos.com/v1")
    #expect(rule["kind"] as? String == "PrometheusRule")
    let spec = try #require(rule["spec"] as? [String: Any])
    let groups = try #require(spec["groups"] as? [[String: Any]])
    let alerts = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
    #expect(alerts.count >= 8)
    let names = alerts.compactMap { $0["alert"] as? String }
    #expect(Set(names).count == alerts.count)
    for (alert, name) in zip(alerts, names) {
      #expect(name.hasPrefix("Prepull"))
      try Self.check(try #require(alert["expr"] as? String), name)
      let labels = try #require(alert["labels"] as? [String: String])
      #expect(["critical", "warning", "info"].contains(labels["severity"] ?? ""), "\(name)")
      let annotations = try #require(alert["annotations"] as? [String: String])
      let summary = try #require(annotations["summary"], "\(name)")
      #expect(summary.hasSuffix(".") && summary.count < 100, "\(name)")
      #expect(try #require(annotations["description"], "\(name)").count > 80, "\(name)")
    }
  }

  /// Set PREPULL_UPDATE_GOLDEN=1 to write the file anew, then read the difference.
  @Test("docs/metrics.md lists the metrics there are")
  func documentation() throws {
    var text = """
      # Metrics

      The operator, the agents and the page inside the cluster serve them at `/metrics`, as Prometheus text. All times are seconds, all sizes bytes. \
      The label `prepull` is `namespace/name`. The dashboard and the alerts of \
      [deploy/monitoring](../deploy/monitoring) are made of them; a test compares this page with the programs.

      ## The operator

      """
    text += Self.table(ControllerMetrics().registry.descriptions)
    text += "\n## Agents\n" + Self.table(AgentMetrics().registry.descriptions)
    text += "\n## The page inside the cluster\n" + Self.table(PageMetrics().registry.descriptions)
    let file = root.appending(path: "docs/metrics.md")
    if ProcessInfo.processInfo.environment["PREPULL_UPDATE_GOLDEN"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  private static func table(_ metrics: [MetricDescription]) -> String {
    let rows = metrics.map { metric in
      let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
      return "| `\(metric.name)` (\(metric.kind.rawValue)) | \(labels) | \(metric.help) |\n"
    }
    return "| metric | labels | meaning |\n|---|---|---|\n" + rows.joined()
  }
}
