import Documents
import Foundation
import Kubernetes
import Serving
import Testing
import VirtualCluster
import Warming

@testable import Operator
@testable import PrepullAPI

@Suite("The operator and windows of time", .timeLimit(.minutes(5)))
struct ControllerWindowTests {
  /// A schedule that comes once a year, half a year away.
  private static func far() -> String {
    let parts = Calendar(identifier: .gregorian).dateComponents([.month], from: Date())
    return "0 3 1 \(((parts.month ?? 1) + 5) % 12 + 1) *"
  }

  @Test("It waits until a window opens, says until when, and goes on when there is one")
  func waits() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try lab.images(1)
      try await lab.withController {
        try await lab.make("web", images) {
          $0.windows = [Prepull.Window(start: Self.far(), duration: "1h", timeZone: "Europe/Berlin")]
        }
        try await lab.untilCondition("Progressing", false, of: "web", reason: "WindowClosed")
        let status = try #require(try await lab.prepull("web").status)
        let message = status.conditions?["Progressing"]?.message ?? ""
        #expect(
          message.contains(/^waits until \d{4}-\d\d-01 03:00 Europe\/Berlin: 2 nodes will be begun/), "\(message)")
        #expect(lab.metrics.windowOpen.value("default/web") == 0)
        let opens = try #require(lab.metrics.windowChange.value("default/web"))
        #expect(opens == opens.rounded())
        #expect(
          opens > Date().timeIntervalSince1970 + 100 * 86_400 && opens < Date().timeIntervalSince1970 + 366 * 86_400)
        #expect(lab.pods.isEmpty && status.nodes?.warm == 0 && status.nodes?.pending == 2)
        try await lab.edit("web", ["windows": [["start": "* * * * *", "duration": "1h"]]])
        try await lab.untilCondition("Ready", of: "web", reason: "AllNodesWarm")
        #expect(lab.metrics.windowOpen.value("default/web") == 1)
        try await lab.edit("web", ["windows": .null])
        try await lab.until("its windows are forgotten") { lab.metrics.windowOpen.value("default/web") == nil }
        #expect(lab.metrics.windowChange.value("default/web") == nil)
      }
    }
  }

  @Test("A gate does not wait; a zone or a schedule that there is not is named")
  func gates() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let images = try lab.images(1)
      try await lab.withController {
        try await lab.make("web", images) {
          $0.windows = [Prepull.Window(start: Self.far(), duration: "1h")]
          $0.gate = Prepull.Gate(startupTaint: "example.com/cold")
        }
        try await lab.untilCondition("Progressing", false, of: "web", reason: "WindowClosed")
        var template = NodeTemplate("gated")
        template.taints = [Taint(key: "example.com/cold", effect: "NoSchedule")]
        try await lab.sandbox.addNode(template)
        try await lab.until("the gate is open") { lab.node("gated")?.spec?.taints?.isEmpty ?? true }
        try await lab.until("one is warm") { try await lab.prepull("web").status?.nodes?.warm == 1 }
        for (name, window, text) in [
          (
            "zone", Prepull.Window(start: "@daily", duration: "1h", timeZone: "Europe/Nowhere"),
            "spec.windows[0].timeZone"
          ),
          ("never", Prepull.Window(start: "0 0 30 2 *", duration: "1h"), "never comes"),
        ] {
          try await lab.make(name, images) { $0.windows = [window] }
          try await lab.untilCondition("Degraded", of: name, reason: SpecError.reason)
          let message = try await lab.prepull(name).status?.conditions?["Degraded"]?.message ?? ""
          #expect(message.contains(text), "\(message)")
        }
      }
    }
  }
}
