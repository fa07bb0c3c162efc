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

  /// The lines for a terminal of this size: an image a line, then one total.
  func draw(columns: Int, rows height: Int, style: Style, at now: Duration) -> [String] {
    let room = max(1, height - 3)
    var shown = rows
    var hidden = ""
    if shown.count > room {
      shown = Array((rows.filter(\.isActive) + rows.filter { $0.isFailed }).prefix(room))
      hidden = style.paint("  (\(rows.count - shown.count) more not shown)", .faint)
    }
    let nameWidth = min(max(12, columns / 3), shown.reduce(0) { max($0, VisibleText.width($1.name)) })
    // What stands beside a bar takes up to 46 columns.
    let bar = ProgressBar(width: min(24, columns - nameWidth - 50))
    let lines = shown.map { row in
      let name = VisibleText.pad(VisibleText.shorten(row.name, to: nameWidth), to: nameWidth)
      return "  \(name)  \(draw(row, bar: bar, style: style, at: now))"
    }
    return lines + [total(style: style, at: now) + hidden]
  }

  private func draw(_ row: Row, bar: ProgressBar, style: Style, at now: Duration) -> String {
    switch row.stage {
    case .waiting: return style.paint("waiting", .faint)
    case .resolving: return style.paint("asking the registry", .faint)
    case .retrying(let cause, let attempt, let limit, let until):
      let wait = Quantity.time(max(.zero, until - now))
      return style.paint("again in \(wait) (try \(attempt) of \(limit) failed: \(cause))", .warning)
    case .finished(let result): return draw(result, style: style)
    case .pulling(let progress): return draw(progress, of: row, bar: bar, style: style, at: now)
    }
  }

  private func draw(
    _ progress: PullProgress, of row: Row, bar: ProgressBar, style: Style, at now: Duration
  ) -> String {
    let elapsed = Quantity.time(now - row.since)
    guard let total = row.totalBytes, total > 0 else { return "\(progress.phase) \(elapsed)" }
    let fraction = Double(row.completedBytes) / Double(total)
    let percent = VisibleText.pad("\(Int(min(1, fraction) * 100))%", to: 4, alignment: .right)
    var parts = ["\(bar.draw(fraction, style: style)) \(percent)"]
    guard progress.phase <= .downloading else {
      return (parts + [Quantity.bytes(total), "\(progress.phase) \(elapsed)"]).joined(separator: "  ")
    }
    parts.append("\(Quantity.bytes(row.completedBytes)) of \(Quantity.bytes(total))")
    if let rate = row.meter.rate(at: now) { parts.append(Quantity.rate(rate)) }
    if let left = row.meter.timeLeft(total - row.completedBytes, at: now) {
      parts.append("\(Quantity.timeLeft(left)) left")
    }
    return parts.joined(separator: "  ")
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

  private func total(style: Style, at now: Duration) -> String {
    let warm = rows.count { $0.isWarm }
    let failed = rows.count { $0.isFailed }
    var parts = [style.paint("Total", .strong) + "  \(warm) of \(Quantity.count(rows.count, "image"))"]
    if failed > 0 { parts.append(style.paint("\(failed) failed", .bad)) }
    let hoped = rows.filter { !$0.isFailed }
    let known = hoped.filter { $0.totalBytes != nil }
    let bytes = known.reduce(into: (done: Int64(0), all: Int64(0))) { sum, row in
      sum.done += row.isWarm ? row.totalBytes ?? 0 : row.completedBytes
      sum.all += row.totalBytes ?? 0
    }
    if bytes.all > 0 { parts.append("\(Quantity.bytes(bytes.done)) of \(Quantity.bytes(bytes.all))") }
    if let rate = meter.rate(at: now), rate >= 1 { parts.append(Quantity.rate(rate)) }
    if hoped.count == known.count, let left = meter.timeLeft(bytes.all - bytes.done, at: now), bytes.all > bytes.done {
      parts.append("\(Quantity.timeLeft(left)) left")
    }
    return parts.joined(separator: "   ")
  }
}

extension PullScreen.Row {
  var isWarm: Bool { if case .finished(let result) = stage { result.isWarm } else { false } }
  var isFailed: Bool {
    if case .finished(let result) = stage, case .failed = result.outcome { true } else { false }
  }
}
