import ImageModel
import Testing

@testable import Warming

@Suite("Counts of a Prepull", .timeLimit(.minutes(1)))
struct PrepullCountsTests {
  private let one = NodeIndex(offset: 0)
  private let two = NodeIndex(offset: 1)
  private let failure = WarmFailure(code: "notFound", detail: "", remedy: "")
  private var counts = PrepullCounts(images: 2)

  private func cells(_ states: FleetMachine.Cell.State..., isFinal: Bool = false) -> [FleetMachine.Cell] {
    states.map { FleetMachine.Cell(state: $0, isFinal: isFinal && $0 == .failed) }
  }

  @Test("A node that changes moves from one count to another, and leaves none behind when it goes")
  mutating func moves() {
    counts.change(one, from: [], to: cells(.pending, .pending)) { _ in nil }
    counts.change(two, from: [], to: cells(.warm, .pending)) { _ in nil }
    #expect(counts.count(of: .pending, at: 0) == 1 && counts.count(of: .pending, at: 1) == 2)
    counts.change(one, from: cells(.pending, .pending), to: cells(.warm, .pending)) { _ in nil }
    #expect(counts.count(of: .warm, at: 0) == 2 && counts.count(of: .pending, at: 0) == 0)
    counts.change(one, from: cells(.warm, .pending), to: []) { _ in nil }
    counts.change(two, from: cells(.warm, .pending), to: []) { _ in nil }
    for state in FleetMachine.Cell.State.allCases {
      #expect(counts.count(of: state, at: 0) == 0 && counts.count(of: state, at: 1) == 0)
    }
  }

  @Test("States, failures and what blocks are counted, and who cannot be reached is known")
  mutating func shares() {
    let cold = PrepullCounts.Share()
    let pending = PrepullCounts.Share(state: .pending, blocker: .pacing)
    let failed = PrepullCounts.Share(state: .failed, isFailing: true)
    let lost = PrepullCounts.Share(state: .unreachable)
    counts.change(one, from: cold, to: pending)
    counts.change(two, from: cold, to: failed)
    #expect(counts[.pending] == 1 && counts[.failed] == 1 && counts.failing == 1 && counts.wanted == 2)
    #expect(counts[FleetSummary.Blocker.pacing] == 1)
    counts.change(one, from: pending, to: lost)
    #expect(counts[FleetSummary.Blocker.pacing] == 0 && counts.unreachable == [one] && counts.wanted == 1)
    counts.change(one, from: lost, to: cold)
    counts.change(two, from: failed, to: cold)
    #expect(counts.wanted == 0 && counts.failing == 0 && counts.unreachable.isEmpty)
  }

  @Test("The last failure stands until its node is mended")
  mutating func failures() {
    let failure = failure
    counts.change(one, from: [], to: cells(.failed, .pending, isFinal: true)) { $0 == 0 ? failure : nil }
    counts.change(two, from: [], to: cells(.failed, .pending, isFinal: true)) { $0 == 0 ? failure : nil }
    #expect(counts.lastFailure(at: 0)?.node == one && counts.finals(at: 0) == [one, two])
    counts.failed(at: 0, failure, on: two)
    counts.change(one, from: cells(.failed, .pending, isFinal: true), to: cells(.warm, .pending)) { _ in nil }
    #expect(counts.lastFailure(at: 0)?.node == two && counts.finals(at: 0) == [two])
    counts.change(two, from: cells(.failed, .pending, isFinal: true), to: cells(.warm, .pending)) { _ in nil }
    #expect(counts.lastFailure(at: 0) == nil && counts.finals(at: 0).isEmpty)
  }
}
