import Documents
import Foundation
import Kubernetes
import PrepullAPI
import TestKit
import Testing
import Warming

@testable import Dashboard

/// The page in a real browser.
@Suite("The page in Chromium", .timeLimit(.minutes(4)), .serialized) struct PageBrowserTests {
  /// Serves a board, opens it, and looks at it; the browser complained of nothing at the end.
  private func look(
    _ board: MatrixBoard, fragment: String = "", size: (width: Int, height: Int) = (1280, 800), dark: Bool = false,
    _ body: @escaping @Sendable (PageLab, BrowserPage) async throws -> Void
  ) async throws {
    try await PageLab.with(board) { lab in
      try await Browser.with { browser in
        let page = try await BrowserPage.open(lab.address, in: browser, size: size, dark: dark)
        try await page.wait("the first picture", until: "window.prepull && prepull.inspect().isKnown")
        if !fragment.isEmpty { _ = try await page.evaluate("location.hash = \(JSON.string(fragment).text)") }
        try await body(lab, page)
        #expect(browser.complaints == [])
      }
    }
  }

  @Test("The first picture: headline, counts, rows and columns, and the token is gone from the address")
  func firstPicture() async throws {
    try await look(Boards.small()) { _, page in
      try await page.wait("the rows", until: "prepull.inspect().rows > 0")
      let found = try #require(try await page.inspect())
      #expect(found["rows"] == 6)  // four nodes in two zones
      #expect(found["columns"] == 2)
      #expect(found["groups"] == 2)
      #expect(found["totals"] == [4, 0, 4, 0, 0, 0])
      #expect(try await page.text("#headline").hasPrefix("0 of 4 nodes warm"))
      #expect(try await page.text("#cluster") == "lab")
      #expect(try await page.evaluate("location.search") == "")
      #expect(try await page.evaluate("document.cookie") == "")
      try await page.wait("what is read aloud", until: "document.querySelectorAll('#spoken [role=row]').length == 7")
      #expect(try await page.text("#spoken").contains("web:1 on node-1: warm"))
    }
  }

  @Test("A cluster that has not answered is no empty one, and what may not be seen is not missing")
  func unanswered() async throws {
    try await look(MatrixBoard(context: "lab", server: "")) { lab, page in
      #expect(try await page.text("#headline").hasPrefix("Nothing is wanted on any node"))
      await lab.live.reach("nodes", false)
      try await page.wait(
        "the words", until: "document.querySelector('#headline').innerText.includes('does not answer')")
      #expect(try await page.text("#empty").contains("as soon as it does"))
      // The whole picture comes after it.
      await lab.live.take { $0.note("Prepulls are not shown: forbidden", about: "prepulls") }
      try await page.wait("the note", until: "document.querySelector('#notes').innerText.includes('forbidden')")
      #expect(try await page.text("#link").contains("does not answer"))
      await lab.live.reach("nodes", true)
      try await page.wait("other words", until: "document.querySelector('#headline').innerText.includes('you may see')")
      #expect(try await page.text("#empty").contains("named above"))
    }
  }

  @Test("Cells move while the cluster does, and nodes come and go")
  func liveChanges() async throws {
    try await look(Boards.small()) { lab, page in
      await lab.live.take {
        $0.take(.applied(Boards.record("node-1", [(Boards.web, .warm), (Boards.database, .warm)], version: 2)))
      }
      try await page.wait("a warm node", until: "prepull.inspect().warmNodes == 1")
      #expect(try await page.evaluate("prepull.inspect().totals") == [5, 0, 3, 0, 0, 0])
      await lab.live.take { $0.take(.applied(Boards.node("node-9", zone: "c"))) }
      try await page.wait("a node", until: "prepull.inspect().shownNodes == 5 && prepull.inspect().groups == 3")
      await lab.live.take { $0.take(WatchEvent<Node>.deleted(Boards.node("node-9"))) }
      try await page.wait("it to go", until: "prepull.inspect().shownNodes == 4")
      await lab.live.take { $0.note("Nodes are not shown: forbidden", about: "nodes") }
      try await page.wait("the note", until: "document.querySelector('#notes').innerText.includes('forbidden')")
    }
  }

  @Test("The filter narrows nodes and images as it is typed, states too, and the fragment holds it")
  func filter() async throws {
    var board = Boards.small(nodes: 12)
    board.take(.applied(Boards.record("node-3", [(Boards.web, .failed), (Boards.database, .pending)], version: 2)))
    try await look(board) { _, page in
      try await page.press("/", text: "/")
      try await page.type("node-1")
      try await page.wait("the nodes", until: "prepull.inspect().shownNodes == 4")  // node-1, 10, 11, 12
      try await page.type(" database")
      try await page.wait("the image", until: "prepull.inspect().columns == 1")
      #expect(try await page.evaluate("location.hash") == "#q=node-1+database")
      try await page.press("Escape")
      try await page.wait("all of them", until: "prepull.inspect().shownNodes == 12 && prepull.inspect().columns == 2")
      _ = try await page.evaluate("document.querySelectorAll('#states button')[4].click()")
      try await page.wait("the failed", until: "prepull.inspect().shownNodes == 1")
      #expect(try await page.evaluate("location.hash") == "#state=failed")
      _ = try await page.evaluate("location.hash = '#q=nobody'")
      try await page.wait(
        "the word of it", until: "document.querySelector('#empty').innerText.includes('Nothing fits')")
    }
  }

  @Test("The keyboard alone reaches every cell, tells what it is, and opens and closes stories")
  func keyboard() async throws {
    try await look(Boards.small(nodes: 4, [.warm, .failed]), fragment: "#group=none") { _, page in
      try await page.wait("the rows", until: "prepull.inspect().rows == 4")
      _ = try await page.evaluate("document.querySelector('#grid').focus()")
      for _ in 0..<2 { try await page.press("ArrowDown") }
      for _ in 0..<2 { try await page.press("ArrowRight") }
      try await page.wait(
        "the place", until: "prepull.inspect().row == 'node-3' && prepull.inspect().column?.endsWith('database:16')")
      try await page.wait(
        "what is said", until: "document.querySelector('#active')?.innerText.includes('node-3: failed')")
      #expect(
        try await page.evaluate("document.querySelector('#grid').getAttribute('aria-activedescendant')") == "active")
      try await page.wait("the remedy", until: "document.querySelector('#tip').innerText.includes('Free space')")
      try await page.press("Enter")
      try await page.wait("the story", until: "document.querySelector('#story').innerText.includes('no space left')")
      #expect(try await page.text("#story h2") == "node-3")
      try await page.press("Escape")
      try await page.wait("it to close", until: "document.querySelector('#story').hidden")
      #expect(try await page.evaluate("document.activeElement.id") == "grid")
      for (key, view) in [("2", "runs"), ("3", "cost"), ("4", "estimate"), ("1", "matrix")] {
        try await page.press(key, text: key)
        try await page.wait(view, until: "!document.querySelector('#\(view)').hidden")
      }
    }
  }

  @Test("A pointer tells what a cell is, and opens the stories of nodes and images")
  func pointer() async throws {
    try await look(Boards.small(nodes: 3, [.warm, .failed]), fragment: "#group=none") { _, page in
      try await page.wait("the rows", until: "prepull.inspect().rows == 3")
      let place = try await page.evaluate(
        "(() => { const r = document.querySelector('#canvas').getBoundingClientRect(); return [r.left, r.top] })()")
      let (left, top) = (place.array?.first?.number ?? 0, place.array?.last?.number ?? 0)
      try await page.move(left + 40, top + 75, isClick: true)
      try await page.wait("the node", until: "document.querySelector('#story h2')?.innerText == 'node-1'")
      try await page.wait("its facts", until: "document.querySelector('#story').innerText.includes('Zone')")
      _ = try await page.evaluate("location.hash = '#image=\(Boards.database)'")
      try await page.wait("the image", until: "document.querySelector('#story').innerText.includes('Failures')")
      #expect(try await page.text("#story").contains("node-2"))
      #expect(try await page.text("#story").contains("[object") == false)
    }
  }

  @Test("A connection that is lost is said, and comes back by itself; a session that ended is said too")
  func connection() async throws {
    try await Browser.with { browser in
      let gate = PageGate()
      let (page, port) = try await PageLab.with(Boards.small(), gate: gate) { lab in
        let page = try await BrowserPage.open(lab.address, in: browser)
        try await page.wait("the page", until: "window.prepull && prepull.inspect().link == 'live'")
        await lab.live.reach("nodes", false)
        try await page.wait(
          "the word of it", until: "document.querySelector('#link').innerText.includes('does not answer')")
        await lab.live.reach("nodes", true)
        try await page.wait("the cluster", until: "prepull.inspect().link == 'live'")
        return (page, lab.port)
      }
      try await page.wait("the loss", until: "document.querySelector('#link').innerText.includes('Connection lost')")
      try await page.wait(
        "the next try", until: "/^next try in \\d s/.test(document.querySelector('#again').innerText)")
      // Of what tries it by itself nothing is left: the network that is back does.
      let pause = "import('/store.js').then((store) => [0, 1, 2, 5, 50].map((tries) => store.pause(tries, 0)))"
      #expect(try await page.evaluate(pause) == [1000, 2000, 4000, 30000, 30000])
      _ = try await page.evaluate(
        """
        window.tries = 0; window.setTimeout = () => 0;
        const Real = EventSource;
        window.EventSource = function (path) { window.tries += 1; return new Real(path) };
        window.EventSource.CLOSED = Real.CLOSED;
        """)
      try await page.wait("the last of them", until: "document.querySelector('#again').innerText.startsWith('trying')")
      _ = try await page.evaluate("window.tries = 0")
      try await page.wait("a try", until: "(dispatchEvent(new Event('online')), window.tries > 0)")
      let click = "document.querySelector('#again button').click()"
      try await PageLab.with(Boards.small(nodes: 7), gate: gate, port: port) { _ in
        try await page.wait(
          "the page again", until: "(\(click), prepull.inspect().link == 'live' && prepull.inspect().shownNodes == 7)")
      }
      // Another program on this port does not know the cookie.
      try await PageLab.with(Boards.small(), port: port) { _ in
        try await page.wait(
          "the end", until: "(\(click), document.querySelector('#link').innerText.includes('session has ended'))")
      }
    }
  }

  @Test("A run counts the nodes that it left before they were warm")
  func left() async throws {
    var board = Boards.small(nodes: 2)
    let pods = (1...2).map { MatrixBoardTests.runPod(node: "node-\($0)", imageID: nil, version: $0) }
    board.take(.restarted(pods), now: 10)
    for pod in pods { board.take(.deleted(pod), now: 14) }
    try await look(board, fragment: "view=runs") { _, page in
      try await page.wait("the figures", until: "/Nodes done\\s*0\\/2/.test(document.querySelector('#runs').innerText)")
    }
  }

  @Test("The end of the run beside the page is said, and its picture stays")
  func end() async throws {
    try await Browser.with { browser in
      let page = try await PageLab.with(Boards.small(nodes: 2, [.warm])) { lab in
        await lab.live.take { $0.take(RunEvent.planned(nodes: ["node-1", "node-2"], images: [Boards.web])) }
        let page = try await BrowserPage.open(lab.address, in: browser)
        try await page.wait("the page", until: "window.prepull && prepull.inspect().shownNodes == 2")
        return page
      }
      try await page.wait(
        "the end", until: "document.querySelector('#notes').innerText.includes('The run ended: 2 of 2 nodes are warm.')"
      )
      #expect(try await page.text("#link") == "The run has ended")
      #expect(try await page.evaluate("prepull.inspect().shownNodes") == 2)
    }
  }

  @Test("A link that was used, and a wrong one, show why and no page")
  func usedLink() async throws {
    try await PageLab.with(Boards.small()) { lab in
      try await Browser.with { browser in
        let page = try await BrowserPage.open(lab.address, in: browser)
        try await page.wait("the page", until: "window.prepull")
        try await page.go(lab.address)
        try await page.wait("the refusal", until: "document.body.innerText.includes('used already')")
        try await page.go("http://127.0.0.1:\(lab.port)/?token=wrong")
        try await page.wait("the refusal", until: "document.body.innerText.includes('not the one of this page')")
        // The cookie goes on.
        try await page.go("http://127.0.0.1:\(lab.port)/")
        try await page.wait("the page", until: "window.prepull")
        // A page of another origin, which this is as its port is another, reads nothing.
        try await PageLab.with(Boards.small()) { other in
          try await page.go(other.address)
          try await page.wait("the other page", until: "window.prepull")
          let answer = try await page.evaluate(
            "fetch('http://127.0.0.1:\(lab.port)/api/session', {credentials: 'include'}).then(() => 'read', () => 'refused')"
          )
          #expect(answer == "refused")
        }
      }
    }
  }

  @Test("Names that try to be HTML stay text")
  func hostileNames() async throws {
    let evil = "<img src=x onerror=\"window.broken=1\"><script>window.broken=1</script>"
    var board = MatrixBoard(context: evil, server: evil)
    let node = Boards.node(evil, zone: evil)
    board.take(.restarted([node]))
    board.take(.restarted([Boards.prepull(evil, [evil])]))
    var record = Boards.record(evil, [(evil, .failed)])
    record.status?.images?[0].failures = [
      WarmNode.Failure(prepull: evil, reason: evil, message: evil, tries: 1, retryAfter: evil)
    ]
    record.status?.gates = [WarmNode.Gate(startupTaint: evil, since: "2026-11-01T10:00:00Z")]
    board.take(.restarted([record]))
    board.note(evil, about: "nodes")
    let fragment = "#node=\(evil.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")&group=zone"
    try await look(board, fragment: fragment) { _, page in
      try await page.wait(
        "the story", until: "document.querySelector('#story').innerText.includes('What keeps pods off')")
      _ = try await page.evaluate("document.querySelector('#story .rows button.plain').click()")
      try await page.wait("the image", until: "document.querySelector('#story').innerText.includes('Failures')")
      _ = try await page.evaluate("document.querySelector('#grid').focus()")
      try await page.press("ArrowDown")
      try await page.press("ArrowRight")
      try await page.wait("the tip", until: "!document.querySelector('#tip').hidden")
      #expect(
        try await page.evaluate("document.querySelectorAll('#story img, #tip img, main script, #spoken img').length")
          == 0)
      #expect(try await page.evaluate("window.broken === undefined") == true)
      #expect(try await page.text("#story h2") == evil)
    }
  }

  @Test("5,000 nodes and 50 images: density by group, every node on demand, and live")
  func large() async throws {
    let images = (0..<50).map { "registry.example/team/service-\($0):1" }
    var board = MatrixBoard(context: "large", server: "")
    board.take(.restarted((0..<5000).map { Boards.node("node-\($0)", zone: "zone-\($0 % 3)") }))
    board.take(
      .restarted(
        (0..<5000).map { node in
          Boards.record("node-\(node)", images.enumerated().map { ($1, (node + $0) % 10 == 0 ? .pending : .warm) })
        }))
    try await look(board) { lab, page in
      try await page.wait("the groups", until: "prepull.inspect().rows == 3")
      #expect(try await page.evaluate("prepull.inspect().totals") == [225_000, 0, 25_000, 0, 0, 0])
      await lab.live.take { board in
        for node in 0..<100 {
          board.take(.applied(Boards.record("node-\(node)", images.map { ($0, .warm) }, version: 2)))
        }
      }
      try await page.wait("the changes", until: "prepull.inspect().totals[0] == 225500")
      _ = try await page.evaluate(
        "document.querySelector('#size').value = 'cells'; document.querySelector('#size').dispatchEvent(new Event('change'))"
      )
      try await page.wait("every node", until: "prepull.inspect().rows == 5003")
      _ = try await page.evaluate("document.querySelector('#grid').focus()")
      try await page.press("ArrowDown")
      try await page.press("PageDown")
      try await page.wait("the next ones", until: "prepull.inspect().row.startsWith('node-')")
      #expect(try await page.evaluate("document.querySelectorAll('#spoken [role=row]').length < 100") == true)
    }
  }

  @Test("Times are told in the unit that says something")
  func times() async throws {
    try await look(Boards.small()) { _, page in
      let texts = try await page.evaluate(
        "import('/format.js').then(({ seconds }) => [0, 0.0004, 0.0851, 0.9996, 1, 42.4, 200].map(seconds))")
      #expect(texts == ["0 s", "<1 ms", "85 ms", "1.0 s", "1.0 s", "42 s", "3 min 20 s"])
    }
  }

  @Test("The estimate answers the sliders, by the server's model")
  func estimate() async throws {
    var board = Boards.small(nodes: 6, [.pending, .pending])
    var prepull = Boards.prepull("web", [Boards.web, Boards.database])
    prepull.metadata.resourceVersion = "2"
    var image = Prepull.ImageStatus(image: Boards.web)
    image.sizeBytes = 2_000_000_000
    var status = Prepull.Status()
    status.images = [image]
    prepull.status = status
    board.take(.applied(prepull))
    try await look(board, fragment: "#view=estimate") { _, page in
      try await page.wait(
        "the answer", until: "document.querySelector('#estimate').innerText.includes('6 nodes pull 12.0 GB')")
      // What is chosen looks like what is slid.
      let style =
        "['#scope', '#source', '#parallelism'].map((id) => document.querySelector(id))"
        + ".map((part) => [getComputedStyle(part).appearance, part.clientWidth + 2 * part.clientLeft])"
      let styles = try await page.evaluate(style).array ?? []
      #expect(styles.map { $0.array?.first } == ["none", "none", "auto"])
      #expect(Set(styles.map { $0.array?.last }).count == 1, "\(styles)")
      try await page.wait(
        "the bound",
        until:
          "document.querySelector('#estimate').innerText.includes('each node’s link') || document.querySelector('#estimate b')?.innerText == \"each node's link\""
      )
      _ = try await page.evaluate(
        "(() => { const s = document.querySelector('#parallelism'); s.value = 0; s.dispatchEvent(new Event('input')) })()"
      )
      try await page.wait(
        "another bound", until: "document.querySelector('#estimate b').innerText == 'the number of nodes at a time'")
      #expect(try await page.evaluate("document.querySelectorAll('#estimate svg .point').length > 2") == true)
      #expect(
        try await page.evaluate("document.querySelector('#estimate').innerText.includes('save no egress')") == true)
      _ = try await page.evaluate(
        "(() => { const s = document.querySelector('#source'); s.value = 'p2p'; s.dispatchEvent(new Event('change')) })()"
      )
      try await page.wait(
        "what seeds are good for",
        until: "document.querySelector('#estimate').innerText.includes('The best number of seeds is')")
    }
  }

  @Test(
    "Nothing is wider than the page from 360 pixels to a wall, in light and dark, and both differ",
    arguments: [360, 1280, 2560])
  func sizes(width: Int) async throws {
    let board = Boards.small(nodes: 8, [.warm, .failed])
    try await PageLab.with(board) { lab in
      try await Browser.with { browser in
        let page = try await BrowserPage.open(lab.address, in: browser, size: (width, 800))
        var pictures: [Data] = []
        for scheme in ["light", "dark"] {
          try await page.send(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": .string(scheme)]]])
          for view in ["estimate", "runs", "cost", "matrix"] {
            try await page.wait("the page", until: "window.prepull")
            _ = try await page.evaluate("location.hash = '#view=\(view)'")
            try await page.wait(view, until: "!document.querySelector('#\(view)').hidden")
            #expect(
              try await page.evaluate("document.documentElement.scrollWidth") == .integer(Int64(width)), "\(view)")
          }
          try await page.wait("the rows", until: "prepull.inspect().rows > 0")
          #expect(try await page.evaluate("document.querySelector('#grid').clientHeight > 200") == true)
          let ground = try await page.evaluate("getComputedStyle(document.body).backgroundColor")
          #expect(ground == (scheme == "dark" ? "rgb(18, 21, 24)" : "rgb(247, 248, 248)"))
          _ = try await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
          pictures.append(try await page.picture())
        }
        #expect(pictures[0] != pictures[1])
        #expect(pictures.allSatisfy { $0.count > 5000 })
      }
    }
  }

  @Test("Paper has the matrix whole, in light, without controls")
  func paper() async throws {
    try await look(Boards.small(nodes: 60), fragment: "#group=none", dark: true) { _, page in
      try await page.wait("the rows", until: "prepull.inspect().rows == 60")
      let print =
        "(() => { dispatchEvent(new Event('beforeprint'));"
        + " const found = [document.querySelector('#canvas').clientHeight >= 60 * 22, getComputedStyle(document.body).color];"
        + " dispatchEvent(new Event('afterprint')); return found })()"
      #expect(try await page.evaluate(print) == [true, "rgb(27, 33, 38)"])
      #expect(try await page.evaluate("getComputedStyle(document.body).color") == "rgb(228, 231, 233)")
      let answer = try await page.send("Page.printToPDF", ["printBackground": true])
      let pdf = Data(base64Encoded: answer["data"]?.string ?? "") ?? Data()
      #expect(pdf.starts(with: Data("%PDF".utf8)))
      #expect(pdf.count > 10_000)
    }
  }
}
