import Testing

@testable import Warming

@Suite("Gates of a node", .timeLimit(.minutes(1))) struct NodeGatesTests {
  private let limit = Duration.seconds(10)
  private let web = NodeGates.Claim(taint: "cold", isWarm: false, deadline: .seconds(600))

  /// A node that was made at 100 s with the taint.
  private func gated() -> NodeGates {
    var gates = NodeGates()
    let isChanged = gates.nodeUpdated(
      taints: ["cold"], wanted: ["cold"], createdAt: .seconds(100), isNew: true, at: .seconds(105))
    #expect(!isChanged, "what a new node bears is found again without a record")
    return gates
  }

  @Test("The taint of a new node counts from its creation, that of another from now") func since() {
    #expect(gated().records.map(\.since) == [.seconds(100)])
    var gates = NodeGates()
    let isChanged = gates.nodeUpdated(
      taints: ["cold"], wanted: ["cold"], createdAt: .seconds(100), isNew: false, at: .seconds(900))
    #expect(isChanged)
    #expect(gates.records.map(\.since) == [.seconds(900)])
    #expect(gates.needsRecord(nodeCreatedAt: .seconds(100)))
  }

  @Test("A gate opens when its Prepulls are warm") func warm() {
    var gates = gated()
    #expect(gates.open(claims: [web], unclaimedTimeout: limit, at: .seconds(200)).openings.isEmpty)
    let warm = NodeGates.Claim(taint: "cold", isWarm: true, deadline: .seconds(600))
    #expect(gates.open(claims: [warm, web], unclaimedTimeout: limit, at: .seconds(200)).openings.isEmpty)
    let (openings, due) = gates.open(claims: [warm], unclaimedTimeout: limit, at: .seconds(200))
    #expect(openings == [NodeGates.Opening(taint: "cold", reason: .warm, since: .seconds(100))])
    #expect(due == .seconds(260), "it is asked for again where nothing came of it")
    #expect(gates.open(claims: [warm], unclaimedTimeout: limit, at: .seconds(259)).openings.isEmpty)
  }

  @Test("A gate opens after the longest deadline although the node is cold") func deadline() {
    var gates = gated()
    let long = NodeGates.Claim(taint: "cold", isWarm: false, deadline: .seconds(900))
    #expect(gates.open(claims: [web, long], unclaimedTimeout: limit, at: .seconds(800)).nextDue == .seconds(1000))
    let openings = gates.open(claims: [web, long], unclaimedTimeout: limit, at: .seconds(1000)).openings
    #expect(openings.map(\.reason) == [.deadlinePassed])
  }

  @Test("A gate that nobody claims opens after a while, unless somebody comes") func unclaimed() {
    var gates = gated()
    #expect(gates.open(claims: [], unclaimedTimeout: limit, at: .seconds(200)).nextDue == .seconds(210))
    #expect(gates.open(claims: [web], unclaimedTimeout: limit, at: .seconds(205)).openings.isEmpty)
    #expect(gates.open(claims: [], unclaimedTimeout: limit, at: .seconds(210)).openings.isEmpty)
    let openings = gates.open(claims: [], unclaimedTimeout: limit, at: .seconds(220)).openings
    #expect(openings.map(\.reason) == [.unclaimed])
  }

  @Test("A taint that is gone opens its gate; a gate that is open and that nobody wants is forgotten") func gone() {
    var gates = gated()
    let isOpened = gates.nodeUpdated(
      taints: [], wanted: ["cold"], createdAt: .seconds(100), isNew: true, at: .seconds(300))
    #expect(isOpened)
    #expect(!gates.isClosed && gates.records.map(\.openedAt) == [.seconds(300)])
    let isChanged = gates.nodeUpdated(taints: [], wanted: [], createdAt: .seconds(100), isNew: true, at: .seconds(301))
    #expect(!isChanged && gates.records.isEmpty)
  }

  @Test("The closed gate of a Prepull that is gone is kept once") func kept() {
    var gates = NodeGates()
    let isNew = gates.keep("cold", since: .seconds(100))
    let isNewAgain = gates.keep("cold", since: .seconds(100))
    #expect(isNew && !isNewAgain)
    #expect(gates.isClosed("cold") && !gates.isClosed("other"))
  }
}
