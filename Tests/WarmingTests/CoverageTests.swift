import Warming
import Foundation
import ImageModel
import Testing

@Suite("Coverage", .timeLimit(.minutes(10)))
struct CoverageTests {
  private let one = Digest(bytes: [UInt8](repeating: 1, count: 32))
  private let two = Digest(bytes: [UInt8](repeating: 2, count: 32))

  @Test("Counts by image, by node and in all; unsupported cells want nothing")
  func counts() {
    var coverage = Coverage(images: ["a", "b"], nodes: ["n1", "n2"])
    #expect(coverage.counts[.pending] == 4)
    #expect(!coverage.isWarm)
    coverage[image: 0, node: 0] = .warm(one)
    coverage[image: 1, node: 0] = .unsupported("windows only")
    coverage[image: 0, node: 1] = .warm(two)
    coverage[image: 1, node: 1] = .pulling
    #expect(coverage.counts(image: 0).isWarm)
    #expect(coverage.counts(node: 0).isWarm)
    #expect(coverage.counts(node: 0).wanted == 1)
    #expect(coverage.counts(node: 1)[.pulling] == 1)
    #expect(coverage.warmNodes == 1)
    coverage[image: 1, node: 1] = .stale(one)
    #expect(!coverage.isWarm, "another digest than the one resolved is not warm")
    coverage[image: 1, node: 1] = .warm(nil)
    #expect(coverage.isWarm)
  }

  @Test("Nodes come and go with all their cells")
  func nodes() {
    var coverage = Coverage(images: ["a"], nodes: ["n1"])
    coverage.append(node: "n2", cells: [.warm(one)])
    coverage.remove(node: "n1")
    coverage.remove(node: "unknown")
    #expect(coverage.nodes == ["n2"])
    #expect(coverage.row(0) == [.warm(one)])
  }

  @Test("Differing digests of one image are told, the most frequent first")
  func digests() {
    var coverage = Coverage(images: ["a"], nodes: ["n1", "n2", "n3", "n4"])
    coverage[image: 0, node: 0] = .warm(two)
    coverage[image: 0, node: 1] = .warm(one)
    coverage[image: 0, node: 2] = .stale(two)
    let found = coverage.digests(image: 0)
    #expect(found.map(\.digest) == [two, one])
    #expect(found.map(\.nodes) == [2, 1])
  }

  @Test("Every cell survives JSON")
  func json() throws {
    let cells: [Coverage.Cell] = [
      .warm(one), .warm(nil), .stale(two), .pulling, .pending, .unsupported("no arm64"),
      .failed(WarmFailure(code: "notFound", detail: "gone", remedy: "look")),
    ]
    var coverage = Coverage(images: cells.indices.map { "i\($0)" })
    coverage.append(node: "n", cells: cells)
    let data = try JSONEncoder().encode(coverage)
    #expect(try JSONDecoder().decode(Coverage.self, from: data) == coverage)
  }
}
