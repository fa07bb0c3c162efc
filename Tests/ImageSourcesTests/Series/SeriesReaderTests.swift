@testable import ImageSources
import Testing

@Suite("Sources: the answer to a query", .timeLimit(.minutes(2)))
struct SeriesReaderTests {
  /// - Parameter series: `{"metric": {…}, "value": […]}`.
  static func answer(_ series: [String], type: String = "vector") -> String {
    #"{"status":"success","data":{"resultType":"\#(type)","result":[\#(series.joined(separator: ","))]}}"#
  }

  static func series(_ labels: [String: String], _ value: String) -> String {
    let members = labels.sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
    return #"{"metric":{\#(members)},"value":[1700000000.1,"\#(value)"]}"#
  }

  static func read(_ text: String, piece: Int = 100) throws -> ImageTally {
    var reader = SeriesReader()
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      try reader.feed(rest.prefix(piece))
      rest = rest.dropFirst(piece)
    }
    return try reader.finished().tally
  }

  private static func images(_ finding: SourceFinding) -> [String] { finding.images.map(\.reference) }

  @Test("Images are ranked by their values, those of one image added", arguments: [1, 13, 10_000])
  func ranking(_ piece: Int) throws {
    let text = Self.answer([
      Self.series(["image": "a:1", "pod": "p", "namespace": "n"], "3"),
      Self.series(["image": "docker.io/library/b:1", "image_spec": "b:1"], "2"),
      Self.series(["image_spec": "b:1"], "2.5"), Self.series(["image": "c:1"], "-1"),
    ])
    let finding = try Self.read(text, piece: piece).finding(top: 20)
    #expect(Self.images(finding) == ["b:1", "a:1", "c:1"])
    #expect(finding.images.map(\.figure) == [.value(4.5), .value(3), .value(-1)])
    #expect(finding.remarks.isEmpty)
    #expect(try Self.images(Self.read(text).finding(top: 2)) == ["b:1", "a:1"])
  }

  @Test("What has no number, no image or no reference is passed by and counted")
  func passedBy() throws {
    let finding = try Self.read(
      Self.answer([
        Self.series(["image": "good:1"], "1"), Self.series(["image": "nan:1"], "NaN"),
        Self.series(["image": "inf:1"], "+Inf"), Self.series(["job": "x"], "5"),
        Self.series(["image": "Not An Image"], "5"), Self.series(["image": "https://x/y"], "5"),
        Self.series(["image": "sha256:" + String(repeating: "a", count: 64)], "9"),
        Self.series(["image": String(repeating: "a", count: 64)], "9"),
        #"{"metric":{"image":"histogram:1"},"histogram":[1,{"count":"2","sum":"3"}]}"#,
      ])
    ).finding(top: 20)
    #expect(Self.images(finding) == ["good:1"])
    #expect(
      finding.remarks == [
        "3 of 9 series have a value that is no number",
        "1 of 9 series name no image, by the labels image_spec, image, or namespace and pod",
        "4 of 9 series name what is no image, such as 'Not An Image'",
      ])
  }

  @Test("Series that name pods count for the images of these")
  func pods() throws {
    let digest = "sha256:" + String(repeating: "0", count: 64)
    var tally = try Self.read(
      Self.answer([
        Self.series(["namespace": "web", "pod": "one"], "5"),
        Self.series(["namespace": "web", "pod": "two", "container": "app", "image": digest], "7"),
        Self.series(["namespace": "web", "pod": "gone"], "1"), Self.series(["image": "app:1"], "1"),
      ]))
    #expect(tally.wantedPods.map(\.name) == ["two", "one", "gone"])
    let (one, two) = (tally.wantedPods[1], tally.wantedPods[0])
    tally.join([
      one: [("a", "app:1"), ("b", "proxy:1")], two: [("app", "app:2"), ("proxy", "proxy:1")],
    ])
    let finding = tally.finding(top: 20)
    #expect(Self.images(finding) == ["app:2", "app:1", "proxy:1"])
    #expect(finding.images.map(\.figure) == [.value(7), .value(6), .value(5)])
    #expect(finding.remarks == ["1 pod was not looked at, or is gone"])
  }

  @Test("Nothing is no failure")
  func empty() throws {
    #expect(
      try Self.read(Self.answer([])).finding(top: 20) == SourceFinding(remarks: ["the query gives no series"]))
  }

  @Test(
    "An answer of another kind is refused with what helps",
    arguments: [
      (answer([], type: "matrix"), "avg_over_time"), (answer([], type: "streams"), "Count them"),
      (#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#, "series that name images"),
      (#"{"status":"error","errorType":"bad_data","error":"parse error: x"}"#, "Correct the query"),
      ("<html>no</html>", "url"), ("", "url"), (#"{"status":"success","data":{"resultType":"vector""#, "url"),
      (#"{"swagger":"2.0"}"#, "url"),
    ])
  func others(_ text: String, _ remedy: String) throws {
    let fault = #expect(throws: SeriesReader.Fault.self) { try Self.read(text) }
    #expect(try #require(fault).remedy.contains(remedy))
  }

  @Test("A million series are given up, before they are all read")
  func million() throws {
    var reader = SeriesReader()
    try reader.feed(Array(#"{"status":"success","data":{"resultType":"vector","result":["#.utf8))
    let piece = Array((Self.series(["image": "a:1", "pod": "p"], "1") + ",").utf8)
    var count = 0
    let fault = #expect(throws: SeriesReader.Fault.self) {
      while count < 1_000_000 {
        count += 1
        try reader.feed(piece)
      }
    }
    #expect(fault?.code == .tooLarge && count == ImageTally.mostSeries + 1)
    #expect(fault?.remedy.contains("topk") ?? false)
  }

  @Test("What the server warns of is told, and resultType may come last")
  func warnings() throws {
    var reader = SeriesReader()
    try reader.feed(
      Array(
        #"{"status":"success","warnings":["half of the stores\nare gone"],"data":{"result":[{"metric":{"image":"a"},"value":[1,"1"]}],"resultType":"vector"}}"#
          .utf8))
    let (tally, warning) = try reader.finished()
    #expect(tally.finding(top: 1).images.count == 1 && warning == "half of the stores are gone")
  }
}
