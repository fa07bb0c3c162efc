import ImageModel
import Warming
import Documents
import Terminal

/// A run as a terminal of some size shows it: an image a line, a bar over the nodes, and what is wrong.
enum RunScreen {
  static func lines(
    of view: RunView, width: Int, height: Int, style: Style, at now: Duration
  ) -> [String] {
    // The newest remark is the last; the bar over the nodes is what even one row shows.
    let remarks = remarks(of: view, style: style, at: now).suffix(max(0, height - 1))
    let below = [nodes(of: view, width: width, style: style, at: now)] + remarks
    let room = max(0, height - below.count)
    var shown = view.images
    var hidden: [RunView.Image] = []
    if shown.count > room {
      // What is at work or in trouble matters more than what waits or is done; the order stays that of the request.
      let ranked = shown.indices.sorted { (rank(shown[$0]), $0) < (rank(shown[$1]), $1) }
      let kept = Set(ranked.prefix(max(0, room - 1)))
      hidden = shown.indices.filter { !kept.contains($0) }.map { shown[$0] }
      shown = shown.indices.filter(kept.contains).map { shown[$0] }
    }
    let layout = Layout(images: shown, width: width)
    var lines = shown.map { line($0, layout: layout, style: style, at: now) }
    if !hidden.isEmpty, room > 0 { lines.append(style.paint("  " + summary(hidden), .faint)) }
    return lines + below
  }

  private static func rank(_ image: RunView.Image) -> Int {
    if image[.pulling] > 0 { return 0 }
    if image.failed + image.untried > 0 { return 1 }
    return image.isWarm ? 3 : 2
  }

  /// Which columns the images' lines have, so that all line up.
  private struct Layout {
    let name: Int
    let count: Int
    let bar: ProgressBar?

    init(images: [RunView.Image], width: Int) {
      let longest = images.reduce(0) { max($0, VisibleText.width($1.name)) }
      name = min(max(12, width / 3), longest)
      count = images.reduce(3) { max($0, RunScreen.fraction($1).count) }
      // Beside the bar stand the name, the count, and up to 34 columns of what is going on.
      let room = width - name - count - 6 - 34
      bar = room >= 6 ? ProgressBar(width: min(24, room)) : nil
    }
  }

  private static func fraction(_ image: RunView.Image) -> String { "\(image[.warm])/\(image.wanted)" }

  private static func line(_ image: RunView.Image, layout: Layout, style: Style, at now: Duration) -> String {
    var parts = [VisibleText.pad(VisibleText.shorten(image.name, to: layout.name), to: layout.name)]
    if let bar = layout.bar {
      parts.append(bar.draw(image.wanted == 0 ? 0 : Double(image[.warm]) / Double(image.wanted), style: style))
    }
    let count = VisibleText.pad(fraction(image), to: layout.count, alignment: .right)
    parts.append(image.isWarm ? style.paint(count, .good) : count)
    if image[.pulling] > 0 { parts.append("\(image[.pulling]) pulling") }
    if image.failed > 0 { parts.append(style.paint("\(image.failed) failed", .bad)) }
    if image.untried > 0 { parts.append(style.paint("\(image.untried) not tried", .warning)) }
    if image[.pulling] > 0, let rate = image.meter.rate(at: now), rate >= 1 { parts.append(Quantity.rate(rate)) }
    return "  " + parts.joined(separator: "  ")
  }

  /// The images for which there is no line.
  private static func summary(_ images: [RunView.Image]) -> String {
    let groups = [
      (images.count { $0.isWarm }, "warm"), (images.count { $0.failed + $0.untried > 0 }, "with failures"),
      (images.count { $0[.pulling] > 0 && $0.failed + $0.untried == 0 }, "pulling"),
    ]
    let waiting = images.count - groups.reduce(0) { $0 + $1.0 }
    let parts = (groups + [(waiting, "waiting")]).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return "\(images.count) more: \(parts.joined(separator: ", "))"
  }

  private static func nodes(of view: RunView, width: Int, style: Style, at now: Duration) -> String {
    let total = view.wantedNodes
    var text = "\(view.count(.warm))/\(total) warm"
    var parts: [String] = []
    if view.count(.working) > 0 { parts.append("\(view.count(.working)) at work") }
    if view.count(.failed) > 0 { parts.append(style.paint("\(view.count(.failed)) failed", .bad)) }
    if view.count(.untried) > 0 { parts.append(style.paint("\(view.count(.untried)) not tried", .warning)) }
    if let rate = view.meter.rate(at: now), rate >= 1, view.count(.working) > 0 { parts.append(Quantity.rate(rate)) }
    parts.append(Quantity.timeLeft(.seconds((now / .seconds(1)).rounded(.down))))
    text = ([text] + parts).joined(separator: "  ")
    let room = width - 9 - VisibleText.width(text)
    let done = view.count(.warm) + view.count(.failed) + view.count(.untried)
    let fraction = total == 0 ? 0 : Double(done) / Double(total)
    let bar = room >= 6 ? ProgressBar(width: min(30, room)).draw(fraction, style: style) + "  " : ""
    return style.paint("Nodes", .strong) + "  " + bar + text
  }

  private static func remarks(of view: RunView, style: Style, at now: Duration) -> [String] {
    var lines: [String] = []
    if let failure = view.lastFailure {
      lines.append(style.paint("✘ \(failure.subject): \(VisibleText.sanitised(failure.failure.detail))", .bad))
    }
    if let wait = view.seedWait { lines.append(style.paint(VisibleText.sanitised(wait.sentence), .faint)) }
    if let silence = view.silence {
      let time = Quantity.timeLeft(now - silence.since)
      lines.append(
        style.paint(
          "the API server has not answered for \(time): \(VisibleText.sanitised(silence.reason))", .warning))
    }
    if let stopping = view.stopping { lines.append(style.paint("stopping: \(stopping.sentence)", .warning)) }
    if case .cleaningUp = view.phase {
      lines.append(style.paint("cleaning up: deleting what this run made (Ctrl-C again leaves it)", .warning))
    }
    return lines
  }
}

extension StopReason {
  /// Why the run ends early, in words.
  var sentence: String {
    switch self {
    case .maxFailures(let failed): "\(Quantity.count(failed, "node")) failed, more than --max-failures allows"
    case .late: "it is later than --not-after: no further node is begun"
    case .timedOut(let limit): "the --timeout of \(Quantity.time(limit)) is over"
    case .cancelled: "interrupted"
    case .refused(let failure): VisibleText.sanitised(failure.detail)
    }
  }

  /// What may help; nil where the user knows best.
  var remedy: String? {
    switch self {
    case .maxFailures: "Correct what failed, or raise --max-failures."
    case .late: "Run it again when there is time; what is warm already is found warm then."
    case .timedOut: "Raise --timeout or --parallelism; what is warm already is found warm the next time."
    case .cancelled: nil
    case .refused(let failure): VisibleText.sanitised(failure.remedy)
    }
  }
}
