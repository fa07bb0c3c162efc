import Foundation
import Testing

@testable import Terminal

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Plots", .timeLimit(.minutes(2)))
struct PlotTests {
  static let times = TimeChart(
    title: "3 images on 200 nodes",
    points: [
      (1, 3720, "waves"), (2, 1860, "waves"), (5, 744, "waves"), (10, 372, "waves"), (20, 240, "registry link"),
      (50, 240, "registry link"), (200, 240, "registry link"),
    ], limits: [("node link", 18), ("registry link", 239)])

  static let ranking = RankingChart(
    title: "Cold waits",
    rows: [
      ("registry.example.com/team/api:v41", 812, "13m32s"), ("nginx:1.27", 203, "3m23s"), ("busybox", 0, "0s"),
    ])

  @Test func timesAsBars() {
    #expect(
      Self.times.bars(style: .plain, columns: 60) == [
        "AT A TIME     TIME   BOUND",
        "        1    1h02m   waves           ━━━━━━━━━━━━━━━━━━━━━━━",
        "        2   31m00s   waves           ━━━━━━━━━━━╸",
        "        5   12m24s   waves           ━━━━╸",
        "       10    6m12s   waves           ━━╸",
        "       20    4m00s   registry link   ━╸",
        "       50    4m00s   registry link   ━╸",
        "      200    4m00s   registry link   ━╸",
        "never under: node link 18s, registry link 3m59s",
      ])
    #expect(Self.times.bars(style: .plain, columns: 80).allSatisfy { VisibleText.width($0) <= 80 })
    #expect(TimeChart(title: "", points: []).bars(style: .plain, columns: 80) == [])
    let none = TimeChart(title: "", points: [(1, 0, "latency"), (2, .nan, ""), (0, 1, "")])
    #expect(none.bars(style: .plain, columns: 80).last == "        1    0ms   latency")
  }

  @Test func rankingAsBars() {
    #expect(
      Self.ranking.bars(style: .plain, columns: 70) == [
        "registry.example.com/team/api:v41   13m32s   ━━━━━━━━━━━━━━━━━━━━━━━━━",
        "nginx:1.27                           3m23s   ━━━━━━╸",
        "busybox                                 0s",
      ])
    #expect(
      Self.ranking.bars(style: .plain, columns: 40) == [
        "regist…/team/api:v41   13m32s   ━━━━━━━━",
        "nginx:1.27              3m23s   ━━",
        "busybox                    0s",
      ])
    #expect(Self.ranking.bars(style: .plain, columns: 10).count == 3, "no room is no crash")
    #expect(Self.ranking.bars(style: .colour, columns: 70)[1].contains("\u{1B}[36m━"))
  }

  /// The texts of a drawing, in order; fails when it is no XML.
  private static func texts(_ svg: String) throws -> [String] {
    final class Reader: NSObject, XMLParserDelegate {
      var texts: [String] = []
      var isText = false

      func parser(
        _: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
      ) {
        isText = name == "text"
        if isText { texts.append("") }
      }
      func parser(_: XMLParser, foundCharacters text: String) { if isText { texts[texts.count - 1] += text } }
      func parser(_: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) {
        isText = false
      }
    }
    let parser = XMLParser(data: Data(svg.utf8))
    let reader = Reader()
    parser.delegate = reader
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
    return reader.texts
  }

  @Test func timesAsDrawing() throws {
    let texts = try Self.texts(Self.times.svg())
    for text in ["3 images on 200 nodes", "1h02m", "waves", "registry link", "alone: 3m59s", "200", "30m"] {
      #expect(texts.contains(text), "\(text) is not among \(texts)")
    }
    #expect(texts.count { $0 == "waves" } == 1, "said once, where it begins")
    let svg = Self.times.svg()
    #expect(svg.contains("prefers-color-scheme:dark") && svg.contains("<desc"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test(
    "Odd charts are drawn too",
    arguments: [
      TimeChart(title: "none", points: []), TimeChart(title: "none", points: [], limits: [("node link", 3)]),
      TimeChart(title: "one", points: [(1, 14, "node link")]),
      TimeChart(title: "zero", points: [(1, 0, ""), (9, 0, "")]),
      TimeChart(title: "wide", points: [(1, 1e11, "waves"), (.max, 1e-9, "latency")], limits: [("disk", 1e300)]),
      TimeChart(title: "bad", points: [(-1, 1, "x"), (1, .infinity, "x"), (2, .nan, "x")]),
    ])
  func odd(chart: TimeChart) throws {
    let svg = chart.svg()
    #expect(try Self.texts(svg).first == chart.title)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test func labelsThatWouldCoverOthersAreLeftOut() throws {
    let dense = TimeChart(
      title: "dense", points: (1...60).map { ($0 * 100, 60, "registry link") },
      limits: [("a", 59), ("b", 58), ("c", 57)])
    let texts = try Self.texts(dense.svg())
    #expect((1..<20).contains(texts.count { $0 == "1m00s" }))
    #expect(texts.contains("6000") && !texts.contains("5900"))
    #expect(["a", "b", "c"].allSatisfy(texts.contains))
  }

  @Test func longTitlesAreCut() throws {
    let title = String(repeating: "125 MB/s to each node (given), ", count: 5)
    let heading = try #require(try Self.texts(TimeChart(title: title, points: []).svg()).first)
    #expect(heading.count == 94 && heading.hasSuffix("…"))
  }

  @Test func rankingAsDrawing() throws {
    let texts = try Self.texts(Self.ranking.svg())
    #expect(
      texts == [
        "Cold waits", "registry.example.com/team/api:v41", "13m32s", "nginx:1.27", "3m23s", "busybox", "0s",
      ])
    let empty = RankingChart(title: "none", rows: [])
    #expect(try Self.texts(empty.svg()) == ["none", "there is nothing to rank"])
  }

  @Test func foreignTextCannotBreakOut() throws {
    let text = "</text><script>alert(\"1\")</script>&\u{1B}[31m\u{0}\u{FFFF}"
    let chart = RankingChart(title: text, rows: [(text, 1, text)])
    #expect(!chart.svg().contains("<script"))
    #expect(try Self.texts(chart.svg()).first?.hasPrefix("</text><script>alert(\"1\")</script>&") == true)
    #expect(!TimeChart(title: text, points: [(1, 1, text)], limits: [(text, 1)]).svg().contains("<script"))
  }

  @Test(arguments: [1e-9, 0.3, 1, 2, 3, 7.5, 1000, 1e12])
  func logarithms(number: Double) { #expect(abs(PlotScale.logarithm(number) - log2(number)) < 1e-9) }

  @Test(
    arguments: [(0, "0"), (0.5, "500ms"), (30, "30s"), (600, "10m"), (7200, "2h"), (432_000, "5d")]
      as [(Double, String)])
  func ticks(seconds: Double, name: String) { #expect(PlotScale.name(seconds) == name) }
}
