import Documents
import TestKit
import Testing
import VirtualCluster

@Suite("prepull run --seeds, as a user runs it on a cluster", .serialized, .timeLimit(.minutes(5)))
struct RunSeedTests {
  @Test func aSeedPullsFirstAndABadImageIsFoundByItAlone() async throws {
    try await withCluster(NodeTemplate.numbered(7)) { cluster in
      let run = try await cluster.prepull("run", "-o", "json", "--seeds", "1", cluster.web)
      let lines = try events(run)
      #expect(run.exitCode == 0, "\(run)")
      let waits = lines.filter { $0["event"] == "seedWait" }
      #expect(waits.first?["nodes"] == 6, "\(waits)")
      #expect(waits.last?["nodes"] == 0, "\(waits)")
      let bad = try await cluster.prepull("run", "-o", "json", "--seeds", "1", cluster.missing, cluster.scratch)
      let told = try events(bad)
      #expect(bad.exitCode == 1)
      let tried = Set(
        told.filter { $0["event"] == "imageFailed" && $0["final"] == false }.compactMap { $0["node"]?.string })
      #expect(tried.count <= 1, "\(tried)")
      #expect(told.count { $0["event"] == "nodeFinished" && $0["outcome"] == "incomplete" } == 7)
      for node in 1...7 { #expect(try await cluster.sandbox.image(cluster.scratch, on: "node-\(node)") != nil) }
      #expect(bad.output.contains("not tried, as it failed on the seed node-"), "\(bad.output)")
      #expect(told.count { $0["event"] == "imageFailed" && $0["tried"] == false } == 6)
    }
  }

  @Test("Nodes that did not try a bad image are not said to have failed")
  func untriedNodes() async throws {
    try await withCluster(NodeTemplate.numbered(7)) { cluster in
      let run = try await cluster.prepull("run", "--seeds", "1", cluster.missing, cluster.scratch)
      #expect(run.exitCode == 1, "\(run)")
      #expect(run.output.contains("1 failed, 6 not tried"), "\(run.output)")
      #expect(run.errors.contains("1 failed, 6 not tried"), "the log: \(run.errors)")
      #expect(!run.errors.contains("the same failure"), "\(run.errors)")
      let lines = run.errors.split(separator: "\n").map(String.init)
      let untried = lines.filter { $0.contains("and 3 more: not tried, as it failed on the seed node-") }
      #expect(untried.count == 2, "once in the log, once at the end: \(run.errors)")
      let end = try #require(lines.lastIndex { $0.contains("not tried, as it failed") })
      #expect(end == lines.indices.last, "the remedy stands with the seed: \(run.errors)")
    }
  }
}
