import Warming
import Testing

@Suite("Parallelism", .timeLimit(.minutes(10)))
struct ParallelismTests {
  @Test("A share is rounded up for work, down for failures; at least one node is always in work")
  func shares() throws {
    #expect(try Parallelism(parsing: "10%").limit(of: 25) == 3)
    #expect(try Parallelism(parsing: "10%").allowance(of: 25) == 2)
    #expect(try Parallelism(parsing: "1%").limit(of: 3) == 1)
    #expect(try Parallelism(parsing: "1%").allowance(of: 3) == 1)
    #expect(try Parallelism(parsing: "100%").limit(of: 7) == 7)
    #expect(try Parallelism(parsing: "20").limit(of: 3) == 20)
    #expect(try Parallelism(parsing: "0", least: 0).allowance(of: 3) == 0)
    #expect(try Parallelism(parsing: "0%", least: 0).allowance(of: 3) == 0)
    #expect(try Parallelism(parsing: "5%").description == "5%")
  }

  @Test("What is no number of nodes is refused", arguments: ["", "0", "-1", "%", "101%", "1.5", "ten", "99999999999"])
  func bad(text: String) {
    #expect(throws: ParallelismError.self) { try Parallelism(parsing: text) }
  }
}
