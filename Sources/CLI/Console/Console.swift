import Terminal

import Glibc

/// One of the standard streams.
struct Console: Sendable {
  let descriptor: Int32

  static let standardOutput = Console(descriptor: STDOUT_FILENO)
  static let standardError = Console(descriptor: STDERR_FILENO)

  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Columns and rows of the terminal; 80 by 24 where it does not say.
  var size: (columns: Int, rows: Int) {
    var window = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(window.ws_col), Int(window.ws_row))
  }

  /// Columns that a line should keep to: those of the terminal, none for a file or a pipe.
  var columns: Int? { isTerminal ? size.columns : nil }

  /// The lines with those that are too wide for the terminal broken between words.
  func wrapped(_ lines: [String]) -> [String] {
    guard let columns else { return lines }
    return lines.flatMap { VisibleText.wrap($0, to: columns) }
  }

  /// Whether text that was written waits for the stream to take it: no time to draw more.
  var isBehind: Bool { OutputQueue.of(descriptor).isBehind }

  /// Writes what a person may miss, in order, without waiting for a terminal that is stopped or a reader that is slow.
  func write(_ text: String) { OutputQueue.of(descriptor).add(text) }

  /// Writes all of `text`, and waits for that. A reader that went away is no error of ours.
  ///
  /// - Throws: `OutputError` when the text did not get through.
  func writeAll(_ text: String) throws {
    OutputQueue.drainOthers(than: descriptor)
    try OutputQueue.of(descriptor).write(text)
  }

  func write(lines: [String]) {
    guard !lines.isEmpty else { return }
    write(lines.joined(separator: "\n") + "\n")
  }
}

/// The result could not be written to standard output.
struct OutputError: Error, CustomStringConvertible {
  let reason: String

  var description: String { "cannot write the output: \(reason); nothing that was printed is complete" }
}
