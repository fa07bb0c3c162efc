import Commands
import Foundation
import Synchronization
import Terminal
import Warming

/// Shows a run while it goes on: redrawn in place on a terminal, as lines of a log elsewhere, as JSON for programs.
final class RunDisplay: Sendable {
  enum Mode: Sendable { case screen(Style), log, stream, nothing }

  fileprivate struct State {
    var view: RunView
    var log: RunLog
    var region = LiveRegion()
    /// What is yet to be written.
    var text = ""
  }

  private let images: [String]
  private let mode: Mode
  private let target: Console
  private let start = ContinuousClock.now
  private let state: Mutex<State>
  private let thread = Mutex<DrawingThread?>(nil)

  /// Begins to draw, from a thread of its own; `finish` ends it.
  ///
  /// - Parameters:
  ///   - console: gets the screen or the log.
  ///   - output: gets the stream.
  init(images: [String], mode: Mode, console: Console = .standardError, output: Console = .standardOutput) {
    self.images = images
    self.mode = mode
    target = if case .stream = mode { output } else { console }
    state = Mutex(State(view: RunView(images: images), log: RunLog(images: images)))
    let drawing = DrawingThread { [self] isLast in
      // Not under the lock: a terminal that is stopped keeps only this thread waiting.
      let text = next(isLast: isLast)
      if !text.isEmpty || isLast { try? target.writeAll(text) }
    }
    thread.withLock { $0 = drawing }
  }

  /// Takes an event from any thread.
  func report(_ event: RunEvent) {
    let now = start.duration(to: .now)
    state.withLock { state in
      switch mode {
      case .nothing:
        // What keeps it from its work is an error.
        switch event {
        case .connectionLost, .connectionRestored: state.add(target.wrapped(state.log.lines(for: event, at: now)))
        default: break
        }
      case .stream: state.text += RunStream.line(event, images: images, at: Date()) + "\n"
      case .log: state.add(target.wrapped(state.log.lines(for: event, at: now)))
      case .screen(let style):
        state.view.apply(event, at: now)
        if case .warning(let text) = event {
          state.add(target.wrapped([style.paint("warning:", .warning) + " \(VisibleText.sanitised(text))"]))
        }
      }
    }
    hurry()
  }

  /// Takes how all nodes stand, where that is all that is known.
  func show(_ coverage: Coverage) {
    let now = start.duration(to: .now)
    state.withLock { state in
      switch mode {
      case .nothing: break
      case .stream: state.text += RunStream.line(coverage, at: Date()) + "\n"
      case .log: state.add(target.wrapped(state.log.lines(for: coverage, at: now)))
      case .screen: state.view.show(coverage, at: now)
      }
    }
    hurry()
  }

  /// Writes what is left and removes what stands on the screen, so that other output can follow.
  func finish() async { await thread.withLock({ $0 })?.finish() }

  /// Lines are written at once, a screen in its turn.
  private func hurry() {
    if case .screen = mode { return }
    thread.withLock { $0 }?.hurry()
  }

  /// What is to be written now.
  private func next(isLast: Bool) -> String {
    // A screen that is not taken is drawn again later.
    if case .screen = mode, !isLast, target.isBehind { return "" }
    let size = target.size
    let now = start.duration(to: .now)
    return state.withLock { state in
      if case .log = mode, !isLast { state.add(state.log.tick(at: now)) }
      defer { state.text = "" }
      guard case .screen(let style) = mode else { return state.text }
      var text = state.text
      if isLast || !text.isEmpty { text = state.region.clear() + text }
      if case .beginning = state.view.phase { return text }
      guard !isLast else { return text }
      let lines = RunScreen.lines(
        of: state.view, width: size.columns - 1, height: size.rows - 1, style: style, at: now)
      return text + state.region.update(lines, columns: size.columns, rows: size.rows)
    }
  }
}

extension RunDisplay.State {
  fileprivate mutating func add(_ lines: [String]) {
    if !lines.isEmpty { text += lines.joined(separator: "\n") + "\n" }
  }
}
