import LocalPull
import Documents
import ImageModel
import Registry
import Runtimes
import Terminal

/// What is known of the pulls of one machine while they go on, and how a terminal shows it.
///
/// Pure: events and instants go in, lines come out.
struct PullScreen: Sendable {
  /// Where one image stands.
  struct Row: Sendable {
    enum Stage: Sendable {
      case waiting
      case resolving
      case pulling(PullProgress)
      case retrying(cause: String, attempt: Int, of: Int, until: Duration)
      case finished(WarmResult)
    }

    let name: String
    var stage: Stage = .waiting
    var since: Duration = .zero
    var totalBytes: Int64?
    var completedBytes: Int64 = 0
    var meter = RateMeter()

    var isActive: Bool {
      switch stage {
      case .waiting, .finished: false
      default: true
      }
    }
  }

  private(set) var rows: [Row]
  /// To be said when the screen is gone.
  private(set) var notes: [String] = []
  private var meter = RateMeter()

  init(images: [WantedImage]) { rows = images.map { Row(name: $0.given) } }

  mutating func apply(_ event: WarmEvent, to index: Int, at now: Duration) {
    switch event {
    case .started:
      rows[index].stage = .resolving
      rows[index].since = now
    case .resolved(let image):
      rows[index].stage = .resolving
      rows[index].totalBytes = image.compressedSize
    case .unresolved:
      rows[index].stage = .resolving
    case .note(let text): notes.append("\(rows[index].name): \(text)")
    case .progress(let progress):
      if case .pulling(let last) = rows[index].stage, last.phase == progress.phase {
      } else {
        rows[index].since = now
      }
      rows[index].stage = .pulling(progress)
      rows[index].totalBytes = progress.totalBytes ?? rows[index].totalBytes
      rows[index].completedBytes = max(rows[index].completedBytes, progress.completedBytes)
      rows[index].meter.record(rows[index].completedBytes, at: now)
      meter.record(rows.reduce(0) { $0 + $1.completedBytes }, at: now)
    case .retrying(let attempt, let limit, let wait, let cause):
      rows[index].stage = .retrying(cause: cause.detail, attempt: attempt, of: limit, until: now + wait)
    case .finished(let result):
      rows[index].stage = .finished(result)
    }
  }

  /// What stands beside a bar at most: ` 100%`, two sizes, a rate and the time that is left.
  private static let besideBar = 50

  /// The lines for a terminal of this size: an image a line, then one total. Where there is no room for all that is to be
  /// said of an image, the bar goes first, then the rate; how long it will take stays.
  func draw(columns: Int, rows height: Int, style: Style, at now: Duration) -> [String] {
    let room = max(1, height - 3)
    var shown = rows
    var hidden = ""
    if shown.count > room {
      shown = Array((rows.filter(\.isActive) + rows.filter { $0.isFailed }).prefix(room))
      hidden = style.paint("(\(rows.count - shown.count) more not shown)", .faint)
    }
    let columns = LiveRegion.width(of: columns)
    let nameWidth = min(max(12, columns / 3), shown.reduce(0) { max($0, VisibleText.width($1.name)) })
    let width = columns - nameWidth - 4
    let barRoom = min(24, width - Self.besideBar)
    let bar = barRoom >= 4 ? ProgressBar(width: barRoom) : nil
    let lines = shown.map { row in
      let name = VisibleText.pad(VisibleText.shorten(row.name, to: nameWidth), to: nameWidth)
      return "  \(name)  \(draw(row, bar: bar, width: width, style: style, at: now))"
    }
    return lines + [total(hidden, width: columns, style: style, at: now)]
  }

  /// The first of several ways to say something that is not too wide, else the last.
  private static func fitting(_ ways: [[String?]], separator: String, width: Int) -> String {
    let lines = ways.map { $0.compactMap(\.self).joined(separator: separator) }
    return lines.first { VisibleText.width($0) <= width } ?? lines.last ?? ""
  }

  private func draw(_ row: Row, bar: ProgressBar?, width: Int, style: Style, at now: Duration) -> String {
    switch row.stage {
    case .waiting: return style.paint("waiting", .faint)
    case .resolving: return style.paint("asking the registry", .faint)
    case .retrying(let cause, let attempt, let limit, let until):
      let wait = Quantity.time(max(.zero, until - now))
      return style.paint("again in \(wait) (try \(attempt) of \(limit) failed: \(cause))", .warning)
    case .finished(let result): return draw(result, style: style)
    case .pulling(let progress): return draw(progress, of: row, bar: bar, width: width, style: style, at: now)
    }
  }

  private func draw(
    _ progress: PullProgress, of row: Row, bar: ProgressBar?, width: Int, style: Style, at now: Duration
  ) -> String {
    let elapsed = Quantity.time(now - row.since)
    guard let total = row.totalBytes, total > 0 else { return "\(progress.phase) \(elapsed)" }
    let fraction = Double(row.completedBytes) / Double(total)
    let percent = VisibleText.pad("\(Int(min(1, fraction) * 100))%", to: 4, alignment: .right)
    let done = bar.map { "\($0.draw(fraction, style: style)) \(percent)" } ?? percent
    let size = Quantity.bytes(total)
    guard progress.phase <= .downloading else {
      let phase = "\(progress.phase) \(elapsed)"
      return Self.fitting([[done, size, phase], [percent, phase], [phase]], separator: "  ", width: width)
    }
    let bytes = "\(Quantity.bytes(row.completedBytes)) of \(size)"
    let rate = row.meter.rate(at: now).map { Quantity.rate($0) }
    let left = row.meter.timeLeft(total - row.completedBytes, at: now).map { "\(Quantity.timeLeft($0)) left" }
    return Self.fitting(
      [
        [done, bytes, rate, left], [percent, bytes, rate, left], [percent, bytes, left], [percent, left], [percent],
      ],
      separator: "  ", width: width)
  }

  private func draw(_ result: WarmResult, style: Style) -> String {
    switch result.outcome {
    case .pulled:
      let size = result.sizeBytes.map { Quantity.bytes($0) + " " } ?? ""
      return style.paint("✔", .good) + " \(size)in \(Quantity.time(result.duration))"
    case .alreadyThere: return style.paint("✔", .good) + " already there"
    case .cancelled: return style.paint("stopped", .warning)
    case .failed(let failure): return style.paint("✘ \(failure.detail)", .bad)
    }
  }

  /// - Parameter hidden: how many images have no line.
  private func total(_ hidden: String, width: Int, style: Style, at now: Duration) -> String {
    let warm = rows.count { $0.isWarm }
    let failed = rows.count { $0.isFailed }
    let count = style.paint("Total", .strong) + "  \(warm) of \(Quantity.count(rows.count, "image"))"
    let failures = failed > 0 ? style.paint("\(failed) failed", .bad) : nil
    let hoped = rows.filter { !$0.isFailed }
    let known = hoped.filter { $0.totalBytes != nil }
    let bytes = known.reduce(into: (done: Int64(0), all: Int64(0))) { sum, row in
      sum.done += row.isWarm ? row.totalBytes ?? 0 : row.completedBytes
      sum.all += row.totalBytes ?? 0
    }
    let size = bytes.all > 0 ? "\(Quantity.bytes(bytes.done)) of \(Quantity.bytes(bytes.all))" : nil
    let rate = meter.rate(at: now).flatMap { $0 >= 1 ? Quantity.rate($0) : nil }
    let isKnown = hoped.count == known.count && bytes.all > bytes.done
    let left = isKnown ? meter.timeLeft(bytes.all - bytes.done, at: now).map { "\(Quantity.timeLeft($0)) left" } : nil
    let more = hidden.isEmpty ? nil : hidden
    return Self.fitting(
      [
        [count, failures, size, rate, left, more], [count, failures, size, left, more], [count, failures, size, left],
        [count, failures, left], [count, failures],
      ], separator: "   ", width: width)
  }
}

extension PullScreen.Row {
  var isWarm: Bool { if case .finished(let result) = stage { result.isWarm } else { false } }
  var isFailed: Bool {
    if case .finished(let result) = stage, case .failed = result.outcome { true } else { false }
  }
}
