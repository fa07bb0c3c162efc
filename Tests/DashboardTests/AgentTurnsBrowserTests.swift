import Documents
import Kubernetes
import PrepullAPI
import TestKit
import Testing

@testable import Dashboard

/// The turns of agents in a real browser.
@Suite("Turns in Chromium", .timeLimit(.minutes(4))) struct AgentTurnsBrowserTests {
  private func look(
    _ board: MatrixBoard, _ body: @escaping @Sendable (PageLab, BrowserPage) async throws -> Void
  ) async throws {
    try await PageLab.with(board) { lab in
      try await Browser.with { browser in
        let page = try await BrowserPage.open(lab.address, in: browser)
        try await page.wait("the first picture", until: "window.prepull && prepull.inspect().isKnown")
        _ = try await page.evaluate("location.hash = '#view=runs'")
        try await body(lab, page)
        #expect(browser.complaints == [])
      }
    }
  }

  @Test("Turns of agents are drawn as they begin and end, in the waves that the model names")
  func agentTurns() async throws {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted((1...3).map { Boards.node("node-\($0)") }))
    var prepull = Boards.prepull("web", [Boards.web])
    prepull.spec.seeds = 1
    board.take(.restarted([prepull]))
    try await look(board) { lab, page in
      let now = LiveMatrix.now
      @Sendable func say(_ node: Int, _ state: WarmNode.HeldState?, version: Int, at time: Double) async {
        let record = Boards.agentRecord("node-\(node)", [(Boards.web, state)], given: now - 20, version: version)
        await lab.live.take { $0.take(.applied(record), now: time) }
      }
      /// Pixels of the first turn in the colour of what is warm.
      func warm() async throws -> Double {
        try await page.evaluate(
          "(() => { const canvas = document.querySelector('#runs canvas');"
            + " const found = canvas.getContext('2d').getImageData(0, 0, canvas.width, 19).data; let count = 0;"
            + " for (let at = 0; at < found.length; at += 4)"
            + " if (found[at] === 43 && found[at + 1] === 133 && found[at + 2] === 122) count += 1; return count })()"
        ).number ?? -1
      }
      let label = "document.querySelector('#runs canvas').getAttribute('aria-label')"
      try await page.wait("no turn", until: "document.querySelector('#runs').innerText.includes('No run goes on')")
      await say(1, nil, version: 1, at: now - 20)
      try await page.wait("a turn", until: "\(label)?.startsWith('1 node, ')")
      #expect(try await page.text("#runs .figures").contains("At work"))
      #expect(try await warm() == 0)
      await say(1, .pulling, version: 2, at: now - 20)
      await say(1, .warm, version: 3, at: now - 10)
      for node in [2, 3] { await say(node, nil, version: 1, at: now - 10) }
      try await page.wait("the waves", until: "\(label)?.startsWith('3 nodes in 2 waves, ')")
      #expect(try await warm() > 1000)
      #expect(try await page.text("#runs .figures").contains("1/3"))
      _ = try await page.evaluate("location.hash = '#node=node-1'")
      try await page.wait(
        "the agent's word",
        until: "document.querySelector('#story').innerText.includes('by its agent as things change, last ')")
    }
  }
}
