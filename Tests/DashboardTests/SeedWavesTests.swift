import Documents
import Kubernetes
import PrepullAPI
import Testing
import Warming

@testable import Dashboard

@Suite("The waves of a run", .timeLimit(.minutes(1))) struct SeedWavesTests {
  private func waves(_ turns: [(Double, Double?)]) -> SeedWaves {
    SeedWaves(
      turns.map { begin, done in
        var turn = LiveRuns.Turn(begin: begin)
        turn.done = done
        return turn
      })
  }

  @Test("A wave begins where the first of the one before it had ended")
  func starts() {
    #expect(waves([(0, 5), (0, 6), (5, 9), (7, 9), (9.5, nil), (9.6, nil)]).starts == [0, 2, 4])
    #expect(waves([(0, 5), (1, 6), (5, 9), (6, 11), (8, nil), (9, nil)]).starts == [0, 2, 5])
    #expect(waves([(0, 4), (3, nil), (4, nil), (50, nil)]).starts == [0, 2])
    #expect(waves([(0, nil), (3, nil)]).starts == [0])
    #expect(waves([]).starts == [])
  }

  @Test("Waves have numbers, the nodes that go first are seeds, and what tells nothing has no name")
  func labels() {
    let grown = waves([(0, 4), (4, 8), (5, 9), (8, nil), (8, nil), (9, nil)])
    #expect(grown.labels(seeds: 0) == [0: "wave 1", 1: "wave 2", 3: "wave 3"])
    #expect(grown.labels(seeds: 1) == [0: "seed", 1: "wave 2", 3: "wave 3"])
    let pairs = waves([(0, 4), (0, 5), (4, 8), (5, 8)])
    #expect(pairs.labels(seeds: 2) == [0: "seeds", 2: "wave 2"])
    #expect(pairs.labels(seeds: 1) == [0: "wave 1", 2: "wave 2"])
    #expect(waves([(0, nil), (3, nil)]).labels(seeds: 2) == [:])
    // One after the other.
    let single = waves([(0, 1), (1, 2), (2, 3)])
    #expect(single.labels(seeds: 0) == [:])
    #expect(single.labels(seeds: 1)[0] == "seed")
    #expect(waves([]).labels(seeds: 1) == [:])
  }

  @Test("A Prepull's seeds are of each platform, and there are none where other nodes held its images")
  func seeds() throws {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted((1...4).map { Boards.node("node-\($0)") }))
    var prepull = Boards.prepull("web", [Boards.web])
    prepull.spec.seeds = 1
    board.take(.restarted([prepull]))
    func order(_ node: Int, at now: Double) {
      board.take(.applied(Boards.agentRecord("node-\(node)", [(Boards.web, nil)], given: 1, version: 1)), now: now)
    }
    func end(_ node: Int, at now: Double) {
      board.take(.applied(Boards.agentRecord("node-\(node)", [(Boards.web, .warm)], given: 1, version: 2)), now: now)
    }
    func labels() -> [JSON] {
      board.runsStory("", now: 99)[path: "run", "nodes"]?.array?.compactMap { $0["wave"] } ?? []
    }
    order(1, at: 10)
    end(1, at: 12)
    for node in [2, 3] { order(node, at: 13) }
    _ = board.update(now: 14)
    #expect(labels() == ["seed", "wave 2", .null])
    // Another one that held it all along: whoever began first had whom to follow.
    board.take(.applied(Boards.record("node-4", [(Boards.web, .warm)])))
    _ = board.update(now: 15)
    #expect(labels() == [.null, .null, .null])
  }

  @Test("The run beside the page says that nodes wait for seeds")
  func ownRun() {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(RunEvent.planned(nodes: ["node-1", "node-2"], images: [Boards.web]))
    board.take(RunEvent.seedWait(SeedWait(nodes: 38, reference: Boards.web, holders: 0, pulling: 2)))
    board.take(RunEvent.seedWait(SeedWait(nodes: 30, reference: Boards.web, holders: 2, pulling: 4)))
    board.take(RunEvent.seedWait(nil))
    #expect(board.ownRun?.seeds == 2)
  }
}
