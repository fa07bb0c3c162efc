import Engines
import Synchronization
import Terminal

/// Shows the pulls while they go on: redrawn in place on a terminal, as lines of a log elsewhere.
final class PullView: Sendable {
  private struct State {
    var screen: PullScreen
    var log: PullLog
    var region = LiveRegion()
  }

  private let console: Console
  private let isLive: Bool
  private let style: Style
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  init(images: [WantedImage], console: Console, style: Style) {
    self.console = console
    self.style = style
    isLive = console.isTerminal && style == .colour
    state = Mutex(State(screen: PullScreen(images: images), log: PullLog(images: images)))
  }

  /// Takes an event from any thread.
  func report(_ index: Int, _ event: WarmEvent) {
    let now = start.duration(to: .now)
    state.withLock { state in
      if isLive {
        state.screen.apply(event, to: index, at: now)
      } else {
        console.write(lines: state.log.lines(for: event, of: index, at: now))
      }
    }
  }

  /// Redraws ten times a second until its task is cancelled, then removes what it drew.
  func run() async {
    guard isLive else { return }
    while !Task.isCancelled {
      draw()
      try? await Task.sleep(for: .milliseconds(100))
    }
    state.withLock { console.write($0.region.clear()) }
  }

  private func draw() {
    let size = console.size
    let now = start.duration(to: .now)
    state.withLock { state in
      let lines = state.screen.draw(columns: size.columns, rows: size.rows, style: style, at: now)
      console.write(state.region.update(lines, columns: size.columns, rows: size.rows))
    }
  }
}
