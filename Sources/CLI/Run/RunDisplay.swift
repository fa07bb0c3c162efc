import Engines
import Foundation
import Planning
import Synchronization
import Terminal

/// Shows a run while it goes on: redrawn in place on a terminal, as lines of a log elsewhere, as JSON for programs.
final class RunDisplay: Sendable {
  enum Mode: Sendable { case screen(Style), log, stream, nothing }

  private struct State {
    var view: RunView
    var log: RunLog
    var region = LiveRegion()
  }

  private let images: [String]
  private let mode: Mode
  private let console: Console
  private let output: Console
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  /// - Parameters:
  ///   - console: gets the screen or the log.
  ///   - output: gets the stream.
  init(images: [String], mode: Mode, console: Console = .standardError, output: Console = .standardOutput) {
    self.images = images
    self.mode = mode
    self.console = console
    self.output = output
    state = Mutex(State(view: RunView(images: images), log: RunLog(images: images)))
  }

  /// Takes an event from any thread.
  func report(_ event: RunEvent) {
    let now = start.duration(to: .now)
    state.withLock { state in
      switch mode {
      case .nothing: break
      case .stream: output.write(RunStream.line(event, images: images, at: Date()) + "\n")
      case .log: console.write(lines: state.log.lines(for: event, at: now))
      case .screen(let style):
        state.view.apply(event, at: now)
        if case .warning(let text) = event {
          let line = style.paint("warning:", .warning) + " \(VisibleText.sanitised(text))\n"
          console.write(state.region.clear() + line)
        }
      }
    }
  }

  /// Takes how all nodes stand, where that is all that is known.
  func show(_ coverage: Coverage) {
    let now = start.duration(to: .now)
    state.withLock { state in
      switch mode {
      case .nothing: break
      case .stream: output.write(RunStream.line(coverage, at: Date()) + "\n")
      case .log: console.write(lines: state.log.lines(for: coverage, at: now))
      case .screen: state.view.show(coverage, at: now)
      }
    }
  }

  /// Redraws ten times a second, or logs the progress every few, until its task is cancelled; then removes what it drew.
  func run() async {
    while !Task.isCancelled {
      draw()
      try? await Task.sleep(for: .milliseconds(100))
    }
    clear()
  }

  /// Removes what stands on the screen, so that other output can follow.
  func clear() { state.withLock { console.write($0.region.clear()) } }

  private func draw() {
    let size = console.size
    let now = start.duration(to: .now)
    state.withLock { state in
      switch mode {
      case .log: console.write(lines: state.log.tick(at: now))
      case .screen(let style):
        guard case .beginning = state.view.phase else {
          let lines = RunScreen.lines(
            of: state.view, width: size.columns - 1, height: size.rows - 1, style: style, at: now)
          console.write(state.region.update(lines, columns: size.columns, rows: size.rows))
          return
        }
      case .stream, .nothing: break
      }
    }
  }
}
