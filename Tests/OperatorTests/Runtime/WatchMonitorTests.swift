@testable import Serving
@testable import Operator
import Kubernetes
import Testing
import TestKit

@Suite("What the operator cannot see", .timeLimit(.minutes(10)))
struct WatchMonitorTests {
  private static func error(_ code: APIError.Code) -> APIError {
    APIError(code, verb: "list", resource: "nodes", detail: "because of \(code)")
  }

  @Test("A failure is warned of when it begins, when it changes and every few minutes, and counted each time")
  func warnings() {
    let (lines, metrics, health) = (LogLines(), ControllerMetrics(), ProcessHealth())
    let monitor = WatchMonitor(metrics: metrics, health: health, reminder: .seconds(300), logger: lines.logger)
    let start = ContinuousClock.now
    func fail(_ code: APIError.Code, after seconds: Int) {
      monitor.note(.nodes, .failed(Self.error(code)), at: start + .seconds(seconds))
    }
    monitor.begin(.nodes)
    #expect(metrics.watchSynced.value("nodes") == 0 && health.unreadiness == "waiting for nodes")
    monitor.note(.nodes, .watching, at: start)
    #expect(metrics.watchSynced.value("nodes") == 1 && health.unreadiness == nil && lines.all.isEmpty)
    fail(.forbidden, after: 0)
    for seconds in 1...299 { fail(.forbidden, after: seconds) }
    #expect(lines.warnings.count == 1 && lines.warnings[0].hasPrefix("warning the watch fails"))
    #expect(lines.warnings[0].contains("resource=nodes") && lines.warnings[0].contains("because of forbidden"))
    fail(.forbidden, after: 300)
    #expect(lines.warnings.count == 2 && lines.warnings[1].hasPrefix("warning the watch still fails"))
    #expect(lines.warnings[1].contains("for=300 s"))
    fail(.notFound, after: 301)
    #expect(lines.warnings.count == 3 && lines.warnings[2].contains("code=notFound"))
    #expect(
      metrics.watchErrors.value("nodes", "forbidden") == 301 && metrics.watchErrors.value("nodes", "notFound") == 1)
    #expect(metrics.watchSynced.value("nodes") == 0)
    #expect(health.unreadiness == "waiting for nodes (cannot list nodes: because of notFound.)")
    monitor.note(.nodes, .watching, at: start + .seconds(400))
    #expect(lines.warnings.count == 3 && lines.all.last?.hasPrefix("info the watch works again") == true)
    #expect(metrics.watchSynced.value("nodes") == 1 && health.unreadiness == nil)
    fail(.forbidden, after: 401)
    #expect(lines.warnings.count == 4)
    monitor.end(.nodes)
    #expect(metrics.watchSynced.value("nodes") == nil && health.unreadiness == nil)
  }

  @Test("What can be done without makes nothing unready")
  func inessential() {
    let (lines, health) = (LogLines(), ProcessHealth())
    let monitor = WatchMonitor(metrics: ControllerMetrics(), health: health, logger: lines.logger)
    monitor.begin(.otherPods)
    monitor.note(.otherPods, .failed(Self.error(.forbidden)))
    #expect(health.unreadiness == nil && lines.warnings.count == 1)
  }

  @Test("Another replica is let try only for what is this one's own network or credential, and only after a while")
  func stepAside() {
    let codes: [APIError.Code] = [
      .unreachable, .interrupted, .timedOut, .unauthorized, .credentials, .tls, .forbidden, .notFound, .serverError,
      .tooManyRequests, .malformed, .methodNotAllowed,
    ]
    let start = ContinuousClock.now
    for (index, code) in codes.enumerated() {
      let monitor = WatchMonitor(
        metrics: ControllerMetrics(), health: ProcessHealth(), logger: LogLines().logger)
      func reason(_ part: WatchMonitor.Part, after seconds: Int) -> String? {
        monitor.note(part, .failed(Self.error(code)), at: start)
        return monitor.reasonToStepAside(after: .seconds(60), at: start + .seconds(seconds))
      }
      #expect(reason(.otherPods, after: 100) == nil && reason(.lease, after: 100) == nil)
      #expect(reason(.nodes, after: 59) == nil)
      #expect((reason(.nodes, after: 60) != nil) == (index < 6), "\(code)")
    }
  }
}
