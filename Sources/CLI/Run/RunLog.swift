import ImageModel
import Warming
import Documents
import Terminal

/// A run as lines of a log, for output that is no terminal.
///
/// Pure: events and instants go in, lines come out. A thousand nodes make no thousand lines: each failure is printed when
/// it is new, and how many nodes share it goes with the progress, every `interval`.
struct RunLog: Sendable {
  private(set) var view: RunView
  private let interval: Duration
  private var printed = Duration.zero
  private var toldText = ""
  private var toldFailures: [Int] = []
  private var tries = FailureGroups()

  /// Up to here each node that is done gets a line.
  private static let fewNodes = 20

  init(images: [String], interval: Duration = .seconds(5)) {
    view = RunView(images: images)
    self.interval = interval
  }

  /// The lines that this event is worth, none for most.
  mutating func lines(for event: RunEvent, at now: Duration) -> [String] {
    view.apply(event, at: now)
    var lines = newFailures()
    switch event {
    case .planned(let nodes, let images):
      lines.append("warming \(Quantity.count(nodes.count, "node")) for \(Quantity.count(images.count, "image"))")
    case .nodeFinished(let node, .warm) where view.nodes.count <= Self.fewNodes:
      lines.append("\(node): warm (\(view.count(.warm)) of \(Quantity.count(view.wantedNodes, "node")))")
    case .nodeAdded(let node): lines.append("\(node): came while this ran, and is warmed too")
    case .nodeGone(let node): lines.append("\(node): left the cluster")
    case .nodeSkipped(let node, let reason): lines.append("\(node): left out: \(reason)")
    case .nodeUnsupported(let node, let reason): lines.append("\(node): cannot be warmed: \(clean(reason))")
    case .podRetried(let node, let reason, let wait):
      lines.append("\(node): \(clean(reason)); again in \(Quantity.time(wait))")
    case .imageFailed(let node, let image, let failure, let isFinal) where !isFinal:
      if tries.add(failure, image: view.images[image].name, node: node) {
        lines.append("\(view.images[image].name) on \(node): \(clean(failure.detail)); it is tried again")
      }
    case .connectionLost(let reason): lines.append("the API server does not answer: \(clean(reason)); waiting for it")
    case .connectionRestored: lines.append("the API server answers again")
    case .stopping(let reason): lines.append("stopping: \(reason.sentence)")
    case .cleaningUp:
      lines += progress(at: now, isLast: true)
      lines.append("cleaning up: deleting what this run made")
    case .warning(let text): lines.append("warning: \(clean(text))")
    default: break
    }
    return lines
  }

  /// The lines that a new coverage is worth, where that is all that is known.
  mutating func lines(for coverage: Coverage, at now: Duration) -> [String] {
    view.show(coverage, at: now)
    return newFailures()
  }

  /// The progress, when it is due and has changed.
  mutating func tick(at now: Duration) -> [String] {
    guard case .working = view.phase, now - printed >= interval else { return [] }
    return progress(at: now, isLast: false)
  }

  private mutating func progress(at now: Duration, isLast: Bool) -> [String] {
    printed = now
    var parts = ["\(view.count(.warm)) of \(Quantity.count(view.wantedNodes, "node")) warm"]
    if view.count(.working) > 0 { parts.append("\(view.count(.working)) at work") }
    if view.count(.failed) > 0 { parts.append("\(view.count(.failed)) failed") }
    if view.count(.untried) > 0 { parts.append("\(view.count(.untried)) not tried") }
    if let wait = view.seedWait, !isLast { parts.append(clean(wait.sentence)) }
    if let rate = view.meter.rate(at: now), rate >= 1, !isLast { parts.append(Quantity.rate(rate)) }
    let text = parts.joined(separator: ", ")
    let grown = grownFailures()
    guard text != toldText || !grown.isEmpty else { return [] }
    toldText = text
    return [text] + grown
  }

  /// A line for each failure of which nothing like was printed. What is not tried, many nodes say at once: that goes
  /// with the progress.
  private mutating func newFailures() -> [String] {
    let new = view.failures.groups.dropFirst(toldFailures.count)
    toldFailures += new.map { $0.failure.isUntried ? 0 : $0.nodes.count }
    return new.filter { !$0.failure.isUntried }.map { "\($0.subject): failed: \(clean($0.failure.detail))" }
  }

  /// A line for each failure that more nodes share than were printed.
  private mutating func grownFailures() -> [String] {
    view.failures.groups.enumerated().compactMap { index, group in
      guard index < toldFailures.count, group.nodes.count > toldFailures[index] else { return nil }
      toldFailures[index] = group.nodes.count
      return "\(group.subject): \(group.failure.isUntried ? clean(group.failure.detail) : "the same failure")"
    }
  }

  private func clean(_ text: String) -> String { VisibleText.sanitised(text) }
}
