import Documents
import Kubernetes
import PrepullAPI
import TestKit
import Testing

@testable import Dashboard

@Suite("The turns of agents", .timeLimit(.minutes(1))) struct AgentTurnsTests {
  private let images = [Boards.web, Boards.database]

  /// Nodes that a Prepull chooses, each with an agent that was asked for nothing yet.
  private func board(nodes: Int = 1) -> MatrixBoard {
    var board = MatrixBoard(context: "lab", server: "")
    board.take(.restarted((1...nodes).map { Boards.node("node-\($0)") }))
    board.take(.restarted([Boards.prepull("web", images)]))
    board.take(.restarted((1...nodes).map { record(nil, on: "node-\($0)", given: nil) }), now: 1)
    _ = board.update(now: 1)
    return board
  }

  private func record(
    _ state: WarmNode.HeldState?, on node: String = "node-1", given: Double?, seconds: Double? = nil,
    until end: String? = nil, version: Int = 1
  ) -> WarmNode {
    Boards.agentRecord(
      node, images.map { ($0, state) }, given: given, seconds: seconds, until: end, version: version)
  }

  private func turn(_ board: MatrixBoard, _ node: String = "node-1") -> JSON? {
    board.runsStory("", now: 99)[path: "run", "nodes"]?.array?.first { $0["name"]?.string == node }
  }

  @Test("It begins when the page sees the order, though no cell changes, and ends with the agent's word")
  func turns() throws {
    var board = board()
    #expect(board.runsStory("", now: 1)["runs"] == [])
    board.take(.applied(record(nil, given: 9, version: 2)), now: 10)
    guard case .part(let change)? = board.update(now: 10) else { return #expect(Bool(false), "no change is told") }
    #expect(change["turns"] == true && change["nodes"] == nil)
    #expect(board.update(now: 11) == nil)
    let begun = try #require(turn(board))
    #expect(begun["begin"] == 10.0 && begun["pull"] == .null && begun["done"] == .null && begun["outcome"] == .null)
    let run = board.runsStory("", now: 11)["run"]
    #expect(run?["name"] == "web" && run?["namespace"] == "shop" && run?["kind"] == "Prepull")
    #expect(run?["images"]?.array?.count == 2 && run?["ended"] == .null)
    // The page hears two seconds late of pulls that ended at 15, of which the longer one took 4.
    board.take(
      .applied(record(.warm, given: 9, seconds: 4, until: "1970-01-01T00:00:15Z", version: 3)), now: 17)
    let done = try #require(turn(board))
    #expect(done["begin"] == 10.0 && done["pull"] == 13.0 && done["done"] == 17.0 && done["outcome"] == "warm")
    #expect(board.runsStory("", now: 18)[path: "run", "ended"] == 17.0)
  }

  @Test("While somebody watches, a pull begins where it is seen, and it took no time before its order")
  func watched() throws {
    var board = board()
    board.take(.applied(record(nil, given: 9, version: 2)), now: 10)
    board.take(.applied(record(.pulling, given: 9, version: 3)), now: 12)
    #expect(turn(board)?["pull"] == 12.0)
    // These seconds are of a pull long ago.
    board.take(.applied(record(.warm, given: 9, seconds: 3, until: "1970-01-01T00:00:05Z", version: 4)), now: 14)
    #expect(turn(board)?["pull"] == 12.0 && turn(board)?["done"] == 14.0)
  }

  @Test("What was settled when the page was opened is no turn, and what went on began with its order")
  func opening() {
    var board = MatrixBoard(context: "lab", server: "")
    let old = [
      record(.warm, on: "node-1", given: 5), record(nil, on: "node-2", given: 7), record(nil, on: "node-3", given: 500),
      record(.lost, on: "node-4", given: 5),
    ]
    board.take(.restarted(old), now: 20)
    let story = board.runsStory("", now: 21)["run"]
    let begins = (story?["nodes"]?.array ?? []).map { "\($0["name"]?.string ?? "") \($0["begin"]?.number ?? 0)" }
    // The operator's clock may be ahead; when a repair began nobody says.
    #expect(begins == ["node-2 7.0", "node-3 20.0", "node-4 20.0"])
    #expect(story?["begun"] == 20.0)
    // A list anew after a loss of the connection is no opening.
    board.take(.restarted(old + [record(.warm, on: "node-5", given: 5)]), now: 30)
    #expect(turn(board, "node-1") == nil && turn(board, "node-5") == nil)
    // Asked and done between two words of the server.
    board.take(.applied(record(.warm, on: "node-1", given: 28, version: 2)), now: 31)
    #expect(turn(board, "node-1")?["begin"] == 28.0 && turn(board, "node-1")?["done"] == 31.0)
  }

  @Test("A failure ends a turn, another order begins one, and a repair one without an order")
  func again() {
    var board = board()
    board.take(.applied(record(nil, given: 9, version: 2)), now: 10)
    board.take(.applied(record(.failed, given: 9, version: 3)), now: 12)
    #expect(turn(board)?["outcome"] == "failed" && turn(board)?["done"] == 12.0)
    board.take(.applied(record(.failed, given: 19, version: 4)), now: 20)
    board.take(.applied(record(nil, given: 29, version: 5)), now: 30)
    #expect(turn(board)?["begin"] == 30.0 && turn(board)?["outcome"] == .null)
    board.take(.applied(record(.warm, given: 29, version: 6)), now: 33)
    #expect(turn(board)?["outcome"] == "warm")
    board.take(.applied(record(.lost, given: 29, version: 7)), now: 50)
    #expect(turn(board)?["begin"] == 50.0 && turn(board)?["done"] == .null)
    board.take(.applied(record(.warm, given: 29, version: 8)), now: 52)
    #expect(turn(board)?["done"] == 52.0)
  }

  @Test("What is not wanted any more ends as nothing else")
  func withdrawn() {
    var board = board(nodes: 2)
    for node in ["node-1", "node-2"] { board.take(.applied(record(.warm, on: node, given: 9, version: 2)), now: 10) }
    for node in ["node-1", "node-2"] { board.take(.applied(record(nil, on: node, given: 20, version: 3)), now: 21) }
    // Its newest order is taken back, and an older one is left.
    board.take(.applied(record(.warm, on: "node-1", given: 9, version: 4)), now: 25)
    board.take(.deleted(record(nil, on: "node-2", given: 20, version: 3)), now: 26)
    for (node, end) in [("node-1", 25.0), ("node-2", 26.0)] {
      #expect(turn(board, node)?["outcome"] == "withdrawn" && turn(board, node)?["done"]?.number == end)
    }
    #expect(board.runsStory("", now: 30)[path: "run", "ended"] == 26.0)
  }

  @Test("A node's story tells when its agent was last heard, and no older check by pods")
  func heard() {
    var board = board()
    var first = record(.warm, given: 9, version: 2)
    first.status?.verifiedAt = "2026-11-01T10:00:00Z"
    board.take(.restarted([first]), now: 10)
    _ = board.update(now: 10)
    #expect(board.nodeStory("node-1")?["heard"] == 10.0)
    #expect(board.nodeStory("node-1")?["verified"] == .null)
    // The operator's own part is no word of the agent.
    var second = first
    second.metadata.resourceVersion = "3"
    second.status?.firstWarmAt = "2026-11-01T10:00:00Z"
    board.take(.applied(second), now: 20)
    _ = board.update(now: 20)
    #expect(board.nodeStory("node-1")?["heard"] == 10.0)
    // Where pods check what the agent does not answer for, their time counts.
    var third = second
    third.metadata.resourceVersion = "4"
    third.status?.agent?.images?.removeLast()
    board.take(.applied(third), now: 30)
    _ = board.update(now: 30)
    #expect(board.nodeStory("node-1")?["heard"] == 30.0)
    #expect(board.nodeStory("node-1")?["verified"]?.number != nil)
    var opened = MatrixBoard(context: "lab", server: "")
    opened.take(.restarted([Boards.node("node-1")]))
    opened.take(.restarted([first]), now: 40)
    _ = opened.update(now: 40)
    #expect(opened.nodeStory("node-1")?["heard"] == .null)
  }
}
