import LocalPull
import ImageModel
import Synchronization
import Terminal

/// Shows the pulls while they go on: redrawn in place on a terminal, as lines of a log elsewhere.
final class PullView: Sendable {
  private struct State {
    var screen: PullScreen
    var log: PullLog
    var region = LiveRegion()
    /// What is yet to be written.
    var text = ""
  }

  private let console: Console
  private let isLive: Bool
  private let style: Style
  private let start = ContinuousClock.now
  private let state: Mutex<State>
  private let thread = Mutex<DrawingThread?>(nil)

  /// Begins to draw, from a thread of its own; `finish` ends it.
  init(images: [WantedImage], console: Console, style: Style) {
    self.console = console
    self.style = style
    isLive = console.isTerminal && style == .colour
    state = Mutex(State(screen: PullScreen(images: images), log: PullLog(images: images)))
    let drawing = DrawingThread { [self] isLast in
      // Not under the lock: a terminal that is stopped keeps only this thread waiting.
      let text = next(isLast: isLast)
      if !text.isEmpty || isLast { try? console.writeAll(text) }
    }
    thread.withLock { $0 = drawing }
  }

  /// Takes an event from any thread.
  func report(_ index: Int, _ event: WarmEvent) {
    let now = start.duration(to: .now)
    state.withLock { state in
      if isLive {
        state.screen.apply(event, to: index, at: now)
      } else {
        for line in console.wrapped(state.log.lines(for: event, of: index, at: now)) { state.text += line + "\n" }
      }
    }
    if !isLive { thread.withLock { $0 }?.hurry() }
  }

  /// Writes what is left and removes what stands on the screen, so that other output can follow.
  func finish() async { await thread.withLock({ $0 })?.finish() }

  /// What is to be written now.
  private func next(isLast: Bool) -> String {
    // A screen that is not taken is drawn again later.
    if isLive, !isLast, console.isBehind { return "" }
    let size = console.size
    let now = start.duration(to: .now)
    return state.withLock { state in
      guard isLive else {
        defer { state.text = "" }
        return state.text
      }
      guard !isLast else {
        let notes = console.wrapped(state.screen.notes.map { "note: \($0)" })
        return state.region.clear() + notes.map { $0 + "\n" }.joined()
      }
      let lines = state.screen.draw(columns: size.columns, rows: size.rows, style: style, at: now)
      return state.region.update(lines, columns: size.columns, rows: size.rows)
    }
  }
}
