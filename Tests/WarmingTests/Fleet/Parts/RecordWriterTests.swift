import Testing

@testable import Warming

@Suite("Record writer", .timeLimit(.minutes(1)))
struct RecordWriterTests {
  private let node = NodeIndex(offset: 2)
  private let plan = PlanIndex(offset: 0)
  private var records = RecordWriter()

  /// Asks for the content of a hash, which is not stored yet.
  private mutating func ask(_ hash: Int) throws -> Int {
    let serial = records.ask(node, hash: hash, isUrgent: false)
    return try #require(serial)
  }

  @Test("What changed is asked for once, and is up to date when that is stored")
  mutating func asks() throws {
    #expect(records.isUpToDate(node) && !records.exists(node))
    records.changed(node)
    #expect(records.isUnasked(node) && !records.isUpToDate(node))
    let serial = try ask(1)
    #expect(!records.isUnasked(node) && records.exists(node) && records.unrecorded == 1)
    #expect(records.stored(node, serial: serial).isEmpty)
    #expect(records.isUpToDate(node) && records.unrecorded == 0)
  }

  @Test("What changed back to what is stored is not written")
  mutating func unchanged() throws {
    records.changed(node)
    let serial = try ask(1)
    _ = records.stored(node, serial: serial)
    records.changed(node)
    #expect(records.ask(node, hash: 1, isUrgent: true) == nil)
    records.changed(node)
    #expect(records.ask(node, hash: 2, isUrgent: true) != nil)
  }

  @Test("A change while the record is written is asked for again")
  mutating func overtaken() throws {
    records.changed(node)
    let serial = try ask(1)
    records.changed(node)
    _ = records.stored(node, serial: serial)
    #expect(!records.isUpToDate(node) && records.isStored(serial, of: node))
    // The change may be in what was stored or not.
    #expect(records.ask(node, hash: 1, isUrgent: false) != nil)
  }

  @Test("Somebody who waits urges once")
  mutating func urgent() throws {
    records.changed(node)
    let serial = try ask(1)
    #expect(records.urge(node) == serial)
    #expect(records.urge(node) == nil)
  }

  @Test("A Prepull that is gone waits for the record as it was then, or for the end of the node")
  mutating func leaving() throws {
    records.changed(node)
    let early = try ask(1)
    records.changed(node)
    records.hold(plan, for: node)
    #expect(records.stored(node, serial: early).isEmpty && records.isAwaited(node))
    let late = try ask(2)
    #expect(records.stored(node, serial: late) == [plan])
    records.hold(plan, for: node)
    #expect(records.nodeRemoved(node) == [plan])
    #expect(records.release(node).isEmpty)
  }

  @Test("A late answer about a node that is gone stores nothing of the one that has its place")
  mutating func late() throws {
    records.changed(node)
    let old = try ask(1)
    #expect(records.nodeRemoved(node).isEmpty)
    records.changed(node)
    let new = try ask(1)
    #expect(new > old)
    _ = records.stored(node, serial: old)
    #expect(!records.isUpToDate(node))
  }
}
