import LocalPull
import Documents
import ImageModel
import Registry
import Runtimes
import Terminal

/// The pulls of one machine as lines of a log, for output that is no terminal.
///
/// Pure: events and instants go in, lines come out. Bytes are printed every `interval`.
struct PullLog: Sendable {
  private var screen: PullScreen
  private var printed: [Duration?]
  private var phases: [PullProgress.Phase?]
  private let interval: Duration

  init(images: [WantedImage], interval: Duration = .seconds(5)) {
    screen = PullScreen(images: images)
    printed = Array(repeating: nil, count: images.count)
    phases = Array(repeating: nil, count: images.count)
    self.interval = interval
  }

  /// The lines that this event is worth, none for most.
  mutating func lines(for event: WarmEvent, of index: Int, at now: Duration) -> [String] {
    screen.apply(event, to: index, at: now)
    let name = screen.rows[index].name
    switch event {
    case .started: return []
    case .resolved(let image):
      return ["\(name): \(Quantity.bytes(image.compressedSize)), \(image.descriptor.digest)"]
    case .unresolved(let error):
      return ["\(name): left to the runtime, as it could not be resolved from here: \(error.detail)"]
    case .note(let text): return ["\(name): \(text)"]
    case .retrying(let attempt, let limit, let wait, let cause):
      return ["\(name): try \(attempt) of \(limit) failed: \(cause.detail); again in \(Quantity.time(wait))"]
    case .finished(let result): return [line(result)]
    case .progress(let progress): return lines(progress, of: index, at: now)
    }
  }

  private mutating func lines(_ progress: PullProgress, of index: Int, at now: Duration) -> [String] {
    let row = screen.rows[index]
    if let last = phases[index], last != progress.phase, progress.phase == .unpacking {
      phases[index] = progress.phase
      return ["\(row.name): unpacking"]
    }
    phases[index] = progress.phase
    guard let last = printed[index] else {
      printed[index] = now
      return []
    }
    guard now - last >= interval, progress.phase == .downloading else { return [] }
    printed[index] = now
    var text = "\(row.name): "
    guard row.totalBytes != nil || row.completedBytes > 0 else {
      return [text + "pulling for \(Quantity.time(now - row.since))"]
    }
    text += Quantity.bytes(row.completedBytes)
    if let total = row.totalBytes { text += " of \(Quantity.bytes(total))" }
    if let rate = row.meter.rate(at: now) { text += ", \(Quantity.rate(rate))" }
    if let total = row.totalBytes, let left = row.meter.timeLeft(total - row.completedBytes, at: now) {
      text += ", \(Quantity.timeLeft(left)) left"
    }
    return [text]
  }

  private func line(_ result: WarmResult) -> String {
    let name = result.image.given
    switch result.outcome {
    case .pulled: return "\(name): pulled in \(Quantity.time(result.duration))"
    case .alreadyThere: return "\(name): already there"
    case .cancelled: return "\(name): stopped"
    case .failed(let failure): return "\(name): failed: \(failure.detail)"
    }
  }
}
