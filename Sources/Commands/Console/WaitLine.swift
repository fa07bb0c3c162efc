import Documents
import Synchronization
import Terminal

/// A line on a terminal that says what is waited for, once that takes longer than a person expects.
package final class WaitLine: Sendable {
  private static let delay = Duration.seconds(1)

  private let console: Console
  private let text: Mutex<String>

  package init(_ console: Console, _ text: String) {
    self.console = console
    self.text = Mutex(text)
  }

  /// What is waited for from now on.
  package func say(_ text: String) { self.text.withLock { $0 = text } }

  /// Shows the line while `body` takes its time; it is gone when this returns.
  package func shown<Result>(_ body: () async throws -> Result) async throws -> Result {
    guard console.isTerminal else { return try await body() }
    let drawing = Task { await draw() }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    drawing.cancel()
    await drawing.value
    return try result.get()
  }

  /// The same, or without the line.
  package func shownUnless<Result>(_ isQuiet: Bool, _ body: () async throws -> Result) async throws -> Result {
    isQuiet ? try await body() : try await shown(body)
  }

  /// Without a line break: whatever else is written meanwhile stays.
  private func draw() async {
    let start = ContinuousClock.now
    var pause = Self.delay
    while (try? await Task.sleep(for: pause)) != nil {
      if console.isBehind { continue }
      let line = "\(text.withLock { $0 }) (\(Quantity.time(start.duration(to: .now))))"
      console.write("\r\u{1B}[2K\(VisibleText.cut(line, to: max(1, console.size.columns - 1)))")
      pause = .milliseconds(250)
    }
    if start.duration(to: .now) >= Self.delay { console.write("\r\u{1B}[2K") }
  }
}
