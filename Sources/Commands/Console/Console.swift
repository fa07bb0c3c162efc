package import Terminal

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Glibc

/// One of the standard streams.
package struct Console: Sendable {
  package let descriptor: Int32

  package static let standardOutput = Console(descriptor: STDOUT_FILENO)
  package static let standardError = Console(descriptor: STDERR_FILENO)

  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Columns and rows of the terminal; 80 by 24 where it does not say.
  package var size: (columns: Int, rows: Int) {
    var window = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(window.ws_col), Int(window.ws_row))
  }

  /// Columns that a line should keep to: those of the terminal, none for a file or a pipe.
  package var columns: Int? { isTerminal ? size.columns : nil }

  /// How what goes to this stream may look.
  package var style: Style { Style.choose(isTerminal: isTerminal, environment: ProcessInfo.processInfo.environment) }

  /// The lines with those that are too wide for the terminal broken between words.
  package func wrapped(_ lines: [String]) -> [String] {
    guard let columns else { return lines }
    return lines.flatMap { VisibleText.wrap($0, to: columns) }
  }

  /// Whether text that was written waits for the stream to take it: no time to draw more.
  package var isBehind: Bool { OutputQueue.of(descriptor).isBehind }

  /// Writes what a person may miss, in order, without waiting for a terminal that is stopped or a reader that is slow.
  package func write(_ text: String) { OutputQueue.of(descriptor).add(text) }

  /// Writes all of `text`, and waits for that. A reader that went away is no error of ours.
  ///
  /// - Throws: `OutputError` when the text did not get through.
  package func writeAll(_ text: String) throws {
    OutputQueue.drainOthers(than: descriptor)
    try OutputQueue.of(descriptor).write(text)
  }

  package func write(lines: [String]) {
    guard !lines.isEmpty else { return }
    write(lines.joined(separator: "\n") + "\n")
  }
}

/// The result could not be written to standard output.
package struct OutputError: Error, CustomStringConvertible {
  package let reason: String

  package var description: String { "cannot write the output: \(reason); nothing that was printed is complete" }
}
