package import ArgumentParser
package import Logging

/// What all commands have in common: where they log to, and how a signal ends them.
package protocol PrepullCommand: AsyncParsableCommand {
  /// `--verbose`, where a command has it.
  var verbose: Bool { get }
  var logLevel: Logger.Level { get }
}

extension PrepullCommand {
  package var verbose: Bool { false }
  package var logLevel: Logger.Level { verbose ? .debug : .error }

  /// Writes to standard error.
  package var logger: Logger {
    let level = logLevel
    return Logger(label: "prepull") { _ in Logs(console: .standardError, level: level) }
  }

  /// Runs `body`, which the first signal cancels; the command then ends with the exit code of that signal.
  ///
  /// - Parameters:
  ///   - onSecond: called when a second signal ends the process at once.
  ///   - atEnd: called however `body` ended but by an error of its own; gets nil when the signal left no result.
  /// - Throws: `ExitCode` after a signal.
  @discardableResult
  package func interruptible<Result: Sendable>(
    onSecond: @escaping @Sendable () -> Void = {}, _ body: @escaping @Sendable () async throws -> Result,
    atEnd: (Result?) throws -> Void = { _ in }
  ) async throws -> Result {
    let (result, interrupt) = try await Interrupt.cancelling(onSecond: onSecond) { try await body() }
    try atEnd(result)
    if let interrupt { throw ExitCode(interrupt.exitCode) }
    guard let result else { throw CancellationError() }
    return result
  }
}
