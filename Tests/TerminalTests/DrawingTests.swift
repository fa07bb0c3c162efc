import Documents
import Terminal
import Testing

@Suite("Drawing", .timeLimit(.minutes(2)))
struct DrawingTests {
  @Test(
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (1536, "1.54 kB"), (9_994, "9.99 kB"), (9_996, "10.0 kB"),
      (99_960, "100 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"), (69_200_000, "69.2 MB"),
      (1_073_741_824, "1.07 GB"), (5_000_000_000_000, "5.00 TB"), (-5, "0 B"),
    ] as [(Int64, String)])
  func bytes(count: Int64, text: String) { #expect(Quantity.bytes(count) == text) }

  @Test(
    arguments: [
      (0, "0ms"), (0.085, "85ms"), (0.9996, "1.0s"), (4.14, "4.1s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1m00s"),
      (185, "3m05s"), (7800, "2h10m"),
    ] as [(Double, String)])
  func time(seconds: Double, text: String) { #expect(Quantity.time(.seconds(seconds)) == text) }

  @Test func timeLeftIsAGuessInWholeSeconds() {
    #expect(Quantity.timeLeft(.milliseconds(10)) == "1s")
    #expect(Quantity.timeLeft(.seconds(5.2)) == "6s")
    #expect(Quantity.timeLeft(.seconds(184.5)) == "3m05s")
  }

  @Test func table() {
    var table = Table([.init("IMAGE"), .init("SIZE", .right), .init("RESULT")])
    table.add(["nginx", "69.2 MB", "pulled"])
    table.add(["a-long-name", "1 B"])
    #expect(
      table.draw() == [
        "IMAGE            SIZE   RESULT",
        "nginx         69.2 MB   pulled",
        "a-long-name       1 B",
      ])
  }

  @Test func wrapsBetweenWords() {
    #expect(VisibleText.wrap("one two three", to: 13) == ["one two three"])
    #expect(VisibleText.wrap("one two three", to: 9) == ["one two", "  three"])
    #expect(VisibleText.wrap("  one two", to: 6) == ["  one", "    two"])
    #expect(VisibleText.wrap("https://example.com/a b", to: 5) == ["https://example.com/a", "  b"])
    #expect(VisibleText.wrap(Style.colour.paint("note:", .warning) + " a b", to: 9).count == 1)
  }

  @Test func aTableKeepsToTheWidthWhereItCan() {
    var table = Table([.init("IMAGE", shrinksTo: 8), .init("SIZE", .right), .init("RESULT")])
    table.add(["registry.example.com/team/app:v1", "69.2 MB", "pulled"])
    table.add(["nginx", "1 B", "pulled"])
    #expect(
      table.draw(columns: 40) == [
        "IMAGE                      SIZE   RESULT",
        "regist…om/team/app:v1   69.2 MB   pulled",
        "nginx                       1 B   pulled",
      ])
    #expect(table.draw(columns: 10)[1] == "re…pp:v1   69.2 MB   pulled", "no narrower than it may be")
    #expect(table.draw(columns: 200) == table.draw())
  }

  @Test func tableMeasuresWithoutColours() {
    var table = Table([.init("A"), .init("B")])
    table.add([Style.colour.paint("xy", .good), "1"])
    table.add(["z", "2"])
    #expect(table.draw()[1...] == ["\u{1B}[32mxy\u{1B}[0m   1", "z    2"])
  }

  @Test(
    arguments: [
      (-1, "────────"), (0, "────────"), (0.5, "━━━━────"), (0.56, "━━━━────"), (0.57, "━━━━╸───"), (1, "━━━━━━━━"),
      (2, "━━━━━━━━"), (.nan, "────────"), (.infinity, "────────"),
    ] as [(Double, String)])
  func bar(fraction: Double, text: String) {
    #expect(ProgressBar(width: 8).draw(fraction, style: .plain) == text)
  }

  @Test func cutsVisibleText() {
    #expect(VisibleText.cut("abcdef", to: 6) == "abcdef")
    #expect(VisibleText.cut("abcdef", to: 4) == "abc…")
    #expect(VisibleText.cut("\u{1B}[31mabcdef\u{1B}[0m", to: 3) == "\u{1B}[31mab…\u{1B}[0m")
    #expect(VisibleText.width("\u{1B}[31mabc\u{1B}[0m") == 3)
    #expect(VisibleText.sanitised("a\u{1B}[2Jb\r\nc") == "a [2Jb  c")
  }

  @Test(
    "Text is as wide as a terminal shows it",
    arguments: [
      ("abc", 3), ("日本語", 6), ("ｱ", 1), ("Ａ", 2), ("한글", 4), ("e\u{301}", 1), ("\u{301}", 0), ("🚀", 2), ("👩‍👩‍👧", 2),
      ("🇩🇪", 2), ("❤\u{FE0F}", 2), ("❤", 1), ("…", 1), ("━", 1), ("a\u{200B}b", 2), ("नि", 2),
      ("\u{1B}[31m日\u{1B}[0m", 2),
    ])
  func width(text: String, columns: Int) { #expect(VisibleText.width(text) == columns) }

  @Test func wideTextIsCutBetweenItsCharacters() {
    #expect(VisibleText.cut("日本語", to: 6) == "日本語")
    #expect(VisibleText.cut("日本語", to: 5) == "日本…")
    #expect(VisibleText.cut("日本語", to: 4) == "日…")
    #expect(VisibleText.cut("日本語", to: 1) == "…")
    #expect(VisibleText.shorten("日本語日本語日本語", to: 11) == "日…語日本語")
    #expect(VisibleText.pad("日本", to: 6) == "日本  ")
  }

  @Test func columnsOfATableStandBelowEachOther() {
    var table = Table([.init("NAME"), .init("N", .right)])
    for name in ["日本", "e\u{301}te\u{301}", "🚀", "plain"] { table.add([name, "1"]) }
    #expect(table.draw() == ["NAME    N", "日本    1", "e\u{301}te\u{301}     1", "🚀      1", "plain   1"])
  }

  @Test func styleFollowsTheEnvironment() {
    #expect(Style.choose(isTerminal: true, environment: [:]) == .colour)
    #expect(Style.choose(isTerminal: false, environment: [:]) == .plain)
    #expect(Style.choose(isTerminal: true, environment: ["NO_COLOR": "1"]) == .plain)
    #expect(Style.choose(isTerminal: true, environment: ["TERM": "dumb"]) == .plain)
    #expect(Style.choose(isTerminal: false, environment: ["CLICOLOR_FORCE": "1"]) == .colour)
  }
}

@Suite("Rate", .timeLimit(.minutes(2)))
struct RateMeterTests {
  @Test func measuresOverTheWindow() {
    var meter = RateMeter(window: .seconds(5))
    for second in 0...20 {
      meter.record(Int64(second) * 100 + (second > 10 ? 100 * Int64(second - 10) : 0), at: .seconds(second))
    }
    #expect(meter.rate(at: .seconds(20)) == 200)
    #expect(meter.timeLeft(1000, at: .seconds(20)) == .seconds(5))
  }

  @Test func fallsWhenNothingComes() {
    var meter = RateMeter(window: .seconds(5))
    meter.record(0, at: .zero)
    meter.record(1000, at: .seconds(1))
    #expect(meter.rate(at: .seconds(1)) == 1000)
    #expect(meter.rate(at: .seconds(5)) == 200)
    // What came long ago is no rate.
    #expect(meter.rate(at: .seconds(6)) == 0)
    #expect(meter.timeLeft(10, at: .seconds(6)) == nil)
  }

  @Test func saysNothingTooEarly() {
    var meter = RateMeter()
    #expect(meter.rate(at: .zero) == nil)
    meter.record(1000, at: .zero)
    #expect(meter.rate(at: .milliseconds(100)) == nil)
    #expect(meter.timeLeft(10, at: .milliseconds(100)) == nil)
  }

  @Test func startsOverWhenTheCounterGoesBack() {
    var meter = RateMeter()
    meter.record(1_000_000, at: .zero)
    meter.record(0, at: .seconds(1))
    meter.record(500, at: .seconds(2))
    #expect(meter.rate(at: .seconds(2)) == 500)
  }
}

@Suite("Live region", .timeLimit(.minutes(2)))
struct LiveRegionTests {
  /// What a terminal shows after it obeyed the text: the few sequences that the region uses.
  private struct Screen {
    var lines: [String] = [""]
    var row = 0

    mutating func obey(_ text: String) {
      var rest = text[...]
      while let character = rest.first {
        rest.removeFirst()
        if character == "\n" {
          row += 1
          if row == lines.count { lines.append("") }
        } else if character == "\r" {
          continue
        } else if character == "\u{1B}" {
          rest.removeFirst()
          let number = Int(rest.prefix { $0.isNumber })
          rest = rest.drop { $0.isNumber }
          switch rest.removeFirst() {
          case "A": row -= number ?? 1
          case "K": lines[row] = ""
          case "J": lines = Array(lines[..<row]) + [""]
          default: Issue.record("an unknown sequence")
          }
        } else {
          lines[row].append(character)
        }
      }
    }
  }

  @Test func redrawsInPlace() {
    var region = LiveRegion()
    var screen = Screen()
    screen.obey(region.update(["one", "two"], columns: 80, rows: 24))
    #expect(screen.lines == ["one", "two", ""])
    screen.obey(region.update(["one", "2", "three"], columns: 80, rows: 24))
    #expect(screen.lines == ["one", "2", "three", ""])
    screen.obey(region.update(["end"], columns: 80, rows: 24))
    #expect(screen.lines == ["end", ""])
    screen.obey(region.clear())
    #expect(screen.lines == [""])
  }

  @Test func fitsTheTerminal() {
    var region = LiveRegion()
    var screen = Screen()
    screen.obey(region.update((1...50).map { "line \($0) is long" }, columns: 8, rows: 4))
    #expect(screen.lines == ["line 4…", "line 4…", "line 5…", ""])
  }

  @Test("Where the first lines matter most, they stay in a low terminal, and it is said how many are not shown")
  func firstLines() {
    var region = LiveRegion()
    var screen = Screen()
    func draw(_ count: Int, rows: Int) {
      let lines = ["NAME"] + (1..<count).map { "row \($0)" }
      screen.obey(region.update(lines, columns: 80, rows: rows) { "\($0) more" })
    }
    draw(9, rows: 10)
    #expect(screen.lines.first == "NAME" && screen.lines.suffix(2) == ["row 8", ""])
    draw(10, rows: 10)
    #expect(screen.lines == ["NAME"] + (1...7).map { "row \($0)" } + ["2 more", ""])
    draw(50, rows: 3)
    #expect(screen.lines == ["NAME", "49 more", ""])
    draw(50, rows: 2)
    #expect(screen.lines == ["50 more", ""])
  }
}
