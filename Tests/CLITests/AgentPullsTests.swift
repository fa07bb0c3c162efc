@testable import CLI
import Documents
import Kubernetes
import PrepullAPI
import Terminal
import Testing

/// What `prepull status --watch` shows of agents.
@Suite("Status: agents", .timeLimit(.minutes(2)))
struct AgentPullsTests {
  private func node(_ name: String, _ states: [(String, WarmNode.HeldState, WarmNode.Progress?)]) -> WarmNode {
    var node = WarmNode(metadata: ObjectMeta(name: name))
    node.spec = WarmNode.Spec()
    node.spec?.images = states.map { image, _, _ in
      var wish = WarmNode.Wish(image: image, prepulls: ["web/shop"])
      wish.order = "o"
      return wish
    }
    var agent = WarmNode.Agent()
    agent.images = states.map { image, state, progress in
      var held = WarmNode.Held(image: image, state: state)
      (held.order, held.progress) = ("o", progress)
      return held
    }
    node.status = WarmNode.Status()
    node.status?.agent = agent
    return node
  }

  private func progress(_ done: Int64, of total: Int64, at rate: Int64) -> WarmNode.Progress {
    var progress = WarmNode.Progress(completedBytes: done)
    (progress.totalBytes, progress.bytesPerSecond) = (total, rate)
    return progress
  }

  @Test("A node shows what it pulls, how fast, how long that will take, and what is left after it")
  func table() {
    let busy = node(
      "gpu-1",
      [
        ("r/warm:1", .warm, nil), ("r/model:1", .pulling, progress(1_000_000_000, of: 5_000_000_000, at: 200_000_000)),
        ("r/next:1", .pending, nil),
      ])
    let waiting = node("gpu-0", [("r/model:1", .pending, nil)])
    let pulls = [busy, waiting].flatMap { $0.agentPulls { $0 == "web/shop" } }
    #expect(pulls.count == 3)
    #expect(
      AgentPullTable.lines(pulls, style: .plain, columns: nil) == [
        "", "NODE    PULLING                DONE       RATE   LEFT   IMAGES LEFT",
        "gpu-1   r/model:1   1.00 GB/5.00 GB   200 MB/s    20s             2",
        "gpu-0   r/model:1             waits                               1", "1 of 2 nodes pull, 200 MB/s together",
      ])
    let report = StatusReport(items: [], prepulls: [], pulls: [pulls[0]], namespace: nil)
    #expect(report.json["pulls"]?.array?.first?["secondsLeft"] == 20)
  }

  @Test("Other Prepulls' images, and what is warm or failed, are left out")
  func others() {
    let done = node("n", [("r/a:1", .warm, nil), ("r/b:1", .failed, nil)])
    #expect(done.agentPulls { _ in true }.isEmpty)
    #expect(node("n", [("r/a:1", .pulling, nil)]).agentPulls { $0 == "other/x" }.isEmpty)
    #expect(AgentPullTable.lines([], style: .plain, columns: 80).isEmpty)
  }

  @Test("Many nodes are counted, not listed, and are asked so seldom that writes stay few", arguments: [10, 5000])
  func many(nodes: Int) {
    let pulls = (0..<nodes).flatMap {
      node("node-\($0)", [("r/a:1", .pulling, progress(1, of: 2, at: 1))]).agentPulls { _ in true }
    }
    let lines = AgentPullTable.lines(pulls, style: .plain, columns: 80)
    #expect(lines.count <= AgentPullTable.longest + 4)
    #expect(lines.last?.hasPrefix("\(nodes) of \(nodes) nodes pull") == true)
    // Each is asked again after half the time.
    #expect(2 * Double(nodes) / (AgentWatch.lifetime(of: nodes) / .seconds(1)) <= 10)
  }
}
