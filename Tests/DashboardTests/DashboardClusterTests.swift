import Documents
import Foundation
import Glibc
import KubeAPIServer
import Kubernetes
import Logging
import PrepullAPI
import TestKit
import Testing
import VirtualCluster

@testable import Dashboard

/// The page of a cluster, by the watches that `prepull dashboard` has.
@Suite("The page of a cluster", .timeLimit(.minutes(2))) struct DashboardClusterTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func follow(
    as user: String? = nil, prepare: @Sendable (Sandbox) -> Void = { _ in },
    _ body: @escaping @Sendable (Sandbox, KubernetesClient, LiveMatrix) async throws -> Void
  ) async throws {
    try await withSandbox(SandboxOptions(nodes: NodeTemplate.numbered(3)), logger: Self.logger) { sandbox in
      prepare(sandbox)
      let admin = try KubernetesClient(sandbox.configuration, logger: Self.logger)
      var configuration = sandbox.configuration
      configuration.impersonation = user.map { .init(user: $0) }
      let client = try KubernetesClient(configuration, logger: Self.logger)
      let live = LiveMatrix(MatrixBoard(context: "sandbox", server: ""), waitingFor: MatrixWatch.kinds)
      let watch = MatrixWatch(client: client, namespace: nil, live: live)
      let task = Task { await watch.run() }
      do {
        try await body(sandbox, admin, live)
      } catch {
        task.cancel()
        throw error
      }
      task.cancel()
      await task.value
      await client.shutdown()
      await admin.shutdown()
    }
  }

  @Test("Without the operator there are nodes and no notes; with it, Prepulls and WarmNodes are shown as they come")
  func watches() async throws {
    try await follow { _, client, live in
      let pages = try #require(await live.follow())
      var texts = pages.makeAsyncIterator()
      while let text = await texts.next(), !text.hasPrefix("event: state") {}
      let first = await live.board.document
      #expect(first["nodes"]?.array?.count == 3)
      #expect(first["notes"] == [])
    }
  }

  @Test("A watch that is cut off is said, and also that it is back, though nothing happens there")
  func silence() async throws {
    try await follow(prepare: { $0.server.faults.closeWatches(after: .milliseconds(200)) }) { sandbox, _, live in
      let pages = try #require(await live.follow())
      var texts = pages.makeAsyncIterator()
      while let text = await texts.next(), !text.hasPrefix("event: state") {}
      sandbox.server.faults.fail(500, times: 1) { $0.verb == "watch" && $0.resource == "daemonsets.apps" }
      var said: [String] = []
      while said.count < 2, let text = await texts.next() {
        if text.hasPrefix("event: cluster") { said.append(text) }
      }
      #expect(said.map { $0.contains("false") } == [true, false], "\(said)")
    }
  }

  @Test("What a user may not see is named, and the rest is shown")
  func refusals() async throws {
    try await follow(as: "nobody") { _, _, live in
      try await eventually("the notes") { await live.board.document["notes"]?.array?.count == 3 }
      let notes = await live.board.document["notes"]?.array?.compactMap(\.string) ?? []
      #expect(notes.contains { $0.hasPrefix("Nodes are not shown: ") && $0.contains("nodes") })
      #expect(notes.contains { $0.hasPrefix("Runs are not shown: ") })
    }
  }

  @Test("The cost is read once for all who look, also when one of them leaves, and the page shows it")
  func cost() async throws {
    try await follow { _, client, _ in
      var pod = Pod(
        metadata: ObjectMeta(name: "web", namespace: "default"),
        spec: PodSpec(containers: [Container(name: "web", image: Boards.web)]))
      pod.metadata.labels = ["app": "web"]
      _ = try await client.create(pod)
      var own = Pod(
        metadata: ObjectMeta(name: "agent", namespace: "default"),
        spec: PodSpec(containers: [Container(name: "agent", image: Boards.database)]))
      own.metadata.labels = ["app.kubernetes.io/name": "prepull", "app.kubernetes.io/component": "agent"]
      _ = try await client.create(own)
      let reading = CostReading(client, namespace: nil) { "a Prepull of \($0.count)" }
      let leaving = Task { try await reading.read(MatrixColumns()) }
      let staying = Task { try await reading.read(MatrixColumns()) }
      try await Task.sleep(for: .milliseconds(1))
      leaving.cancel()
      let cost = try await staying.value
      #expect(cost["nodes"] == 3)
      #expect(cost["images"]?.array?.compactMap { $0["image"]?.string } == [Boards.web])
      #expect(cost["workloads"] == [])
      try await PageLab.with(Boards.small(), cost: reading) { lab in
        try await Browser.with { browser in
          let page = try await BrowserPage.open(lab.address, in: browser)
          try await page.wait("the page", until: "window.prepull")
          _ = try await page.evaluate("location.hash = '#view=cost'")
          try await page.wait("the image", until: "document.querySelector('#cost').innerText.includes('web:1')")
          func wait(_ text: String) async throws {
            try await page.wait(
              text, until: "document.querySelector('#cost tbody td:last-child').innerText.startsWith('\(text)')")
          }
          try await wait("kept warm")
          // The page follows, without another look at the cluster.
          await lab.live.take { $0.take(WatchEvent<Prepull>.restarted([])) }
          try await page.wait("the end", until: "!document.querySelector('#cost').innerText.includes('kept warm')")
          let run = MatrixBoardTests.runPod(node: "node-1", imageID: nil, version: 1)
          await lab.live.take { $0.take(.applied(run), now: 1000) }
          try await wait("web pulls it")
          await lab.live.take { $0.take(WatchEvent<Pod>.deleted(run), now: 1000) }
          try await wait("web ended")
        }
      }
    }
  }

  @Test("prepull dashboard prints an address, serves it, and ends with Ctrl-C")
  func command() async throws {
    try await withSandbox(SandboxOptions(nodes: NodeTemplate.numbered(1)), logger: Self.logger) { sandbox in
      try await withTemporaryFolder("page") { folder in
        let file = folder + "/config"
        try sandbox.kubeconfig.write(toFile: file, atomically: true, encoding: .utf8)
        let port = UInt16.random(in: 20_000...28_000)
        let outcome = try await PrepullProgram.run(
          ["dashboard", "--no-open", "--port", "\(port)", "--kubeconfig", file], signal: SIGINT,
          when: { Self.answers(port) })
        #expect(outcome.exitCode == 130)
        #expect(outcome.errors.contains("http://127.0.0.1:\(port)/?token="))
        #expect(outcome.output == "")
      }
    }
  }

  @Test("run --dashboard says what it waits for")
  func run() async throws {
    try await withSandbox(SandboxOptions(nodes: NodeTemplate.numbered(1)), logger: Self.logger) { sandbox in
      try await withTemporaryFolder("page") { folder in
        let file = folder + "/config"
        try sandbox.kubeconfig.write(toFile: file, atomically: true, encoding: .utf8)
        let port = UInt16.random(in: 20_000...28_000)
        let image = "\(sandbox.registry.host)/sample/web:1.27"
        let outcome = try await PrepullProgram.run(
          ["run", image, "--dashboard", "--no-open", "--port", "\(port)", "--kubeconfig", file], signal: SIGINT,
          when: { Self.answers(port) })
        #expect(outcome.exitCode == 130, "\(outcome)")
        #expect(
          outcome.errors.contains("?token=")
            && outcome.errors.contains("the run begins when the page is open, or in 5s"),
          "\(outcome)")
      }
    }
  }

  /// Whether something listens on a port of this machine.
  private static func answers(_ port: UInt16) -> Bool {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
