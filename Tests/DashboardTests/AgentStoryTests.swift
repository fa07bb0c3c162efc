import Documents
import Foundation
import ImageModel
import KubeAPIServer
import Kubernetes
import Logging
import PrepullAPI
import Serving
import TestKit
import Testing
import VirtualCluster

@testable import CLI
@testable import Dashboard

/// The page beside an operator and agents as `prepull install --agent` makes them, on virtual nodes.
@Suite("The page and agents", .timeLimit(.minutes(5))) struct AgentStoryTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("A Prepull of agents has its time line, on this machine and in the cluster, for who may see WarmNodes")
  func timeLine() async throws {
    // Of another machine than this one, which agents on virtual nodes have to know.
    var nodes = NodeTemplate.numbered(3)
    let architecture = Platform.host.architecture == "arm64" ? "amd64" : "arm64"
    for index in nodes.indices { nodes[index].platform = Platform(os: "linux", architecture: architecture) }
    var options = SandboxOptions(nodes: nodes)
    options.programs = SandboxPrograms.all
    try await withSandbox(options, logger: Self.logger) { sandbox in
      try await withTemporaryFolder("agents") { folder in
        let shell = try ClusterShell(sandbox, folder: folder)
        let client = try KubernetesClient(sandbox.configuration, logger: Self.logger)
        let live = LiveMatrix(MatrixBoard(context: "sandbox", server: ""), waitingFor: MatrixWatch.kinds)
        let feed = ClusterFeed(context: "sandbox", health: ProcessHealth()) { _ in fatalError("not asked") }
        // Kinds that are not there yet are asked for again only after a while.
        try await install(sandbox, shell)
        let watches = [live, feed as any MatrixSink].map { sink in
          Task { await MatrixWatch(client: client, namespace: nil, live: sink).run() }
        }
        let result: Result<Void, any Error>
        do {
          result = .success(try await story(shell, live, feed))
        } catch {
          result = .failure(error)
        }
        for watch in watches { watch.cancel() }
        for watch in watches { await watch.value }
        await client.shutdown()
        try result.get()
      }
    }
  }

  private func install(_ sandbox: Sandbox, _ shell: ClusterShell) async throws {
    try shell.write(
      """
      apiVersion: prepull.dev/v1alpha1
      kind: Prepull
      metadata: {name: web, namespace: default}
      spec:
        engine: Agent
        images: [{image: "\(sandbox.sampleImages[0])"}]
        parallelism: 100%
        seeds: 1
      """, to: "web.yaml")
    let made = try await shell.sh(
      """
      \(try PrepullProgram.path) install --agent --image \(sandbox.registry.host)/prepull:sandbox | kubectl apply -f -
      kubectl -n prepull-agent rollout status daemonset/prepull-agent --timeout=2m
      kubectl -n prepull-system rollout status deployment/prepull-controller --timeout=2m
      """)
    try #require(made.isSuccess, "\(made)")
  }

  private func story(_ shell: ClusterShell, _ live: LiveMatrix, _ feed: ClusterFeed) async throws {
    var chief = ViewScope()
    (chief.nodes, chief.warmNodes, chief.prepulls) = (true, true, .all)
    var clerk = chief
    clerk.warmNodes = false
    let boards = [live, try #require(await feed.matrix(for: chief))]
    let other = try #require(await feed.matrix(for: clerk))
    for board in boards {
      try await eventually("the lists") { await board.board.document["nodes"]?.array?.count == 3 }
    }
    let applied = try await shell.sh(
      """
      kubectl apply -f web.yaml
      kubectl wait --for=condition=Ready prepull/web --timeout=2m
      """)
    try #require(applied.isSuccess, "\(applied)")
    for board in boards {
      let story = try await eventually("three turns that are over") {
        let story = await board.board.runsStory("", now: LiveMatrix.now)
        return story[path: "run", "ended"]?.number != nil && story[path: "run", "nodes"]?.array?.count == 3
          ? story : nil
      }
      #expect(story[path: "run", "name"] == "web" && story[path: "run", "kind"] == "Prepull")
      let turns = try #require(story[path: "run", "nodes"]?.array)
      #expect(turns.map { $0["outcome"] } == ["warm", "warm", "warm"])
      #expect(turns.map { $0["wave"] } == ["seed", "wave 2", .null])
      for turn in turns {
        let (begin, pull, done) = (turn["begin"]?.number, turn["pull"]?.number, turn["done"]?.number)
        #expect(begin != nil && pull != nil && done != nil)
        #expect((begin ?? 0) <= (pull ?? 0) && (pull ?? 0) < (done ?? 0), "\(turn)")
      }
      let node = try await eventually("the node's story") { await board.board.nodeStory("node-1") }
      #expect(node["heard"]?.number != nil && node["verified"] == .null && node["agent"]?.string != nil)
    }
    #expect(await other.board.runsStory("", now: LiveMatrix.now)["runs"] == [])
  }
}
