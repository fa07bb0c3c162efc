import Foundation
import Glibc
import Subprocess
import SystemPackage

/// A program that runs in the background for the length of a test.
package struct Daemon: Sendable {
  package let name: String
  package let pid: Int32
  /// Where its standard output and error go.
  package let logFile: String
  private let signal: @Sendable (Signal) -> Void

  init(name: String, pid: Int32, logFile: String, signal: @escaping @Sendable (Signal) -> Void) {
    self.name = name
    self.pid = pid
    self.logFile = logFile
    self.signal = signal
  }

  /// Ends it at once, as a crash would.
  package func kill() { signal(.kill) }

  /// Stops it without ending it: its sockets stay open and nothing answers.
  package func suspend() async throws {
    signal(.suspend)
    // Each thread stops in its own time.
    let tasks = "/proc/\(pid)/task"
    try await eventually("\(name) to stop") {
      try FileManager.default.contentsOfDirectory(atPath: tasks).allSatisfy { isStopped("\(tasks)/\($0)") }
    }
  }

  private func isStopped(_ task: String) -> Bool {
    guard let status = FileManager.default.contents(atPath: task + "/status") else { return true }
    return String(decoding: status, as: UTF8.self).contains("State:\tT")
  }

  package func resume() { signal(.resume) }

  package var log: String {
    String(decoding: FileManager.default.contents(atPath: logFile) ?? Data(), as: UTF8.self)
  }

  /// Whether it runs; one that has ended and was not waited for yet does not.
  var isRunning: Bool {
    guard let status = FileManager.default.contents(atPath: "/proc/\(pid)/status") else { return false }
    return !String(decoding: status, as: UTF8.self).contains("State:\tZ")
  }
}

/// A daemon that did not come up.
package struct DaemonError: Error, CustomStringConvertible {
  package let description: String
}

/// Starts a program, waits until `isReady`, runs `body`, and always ends the program, by its pid.
///
/// - Parameters:
///   - program: a name that is looked up on PATH, or a path.
///   - environment: added to that of the tests.
func withDaemon<R: Sendable>(
  _ program: String, _ arguments: [String], environment: [Environment.Key: String?] = [:], folder: ScratchFolder,
  isReady: @Sendable () async -> Bool, _ body: (Daemon) async throws -> R
) async throws -> R {
  let name = program.split(separator: "/").last.map(String.init) ?? program
  let logFile = folder("\(name).log")
  let log = try FileDescriptor.open(
    FilePath(logFile), .writeOnly, options: [.create, .append], permissions: FilePermissions(rawValue: 0o644))
  let outcome = try await run(
    executable(program), arguments: Arguments(arguments),
    // Temporary mounts of an unpacking daemon must lie in the folder too, so that they are found when it is killed.
    environment: .inherit.updating(environment.merging(["TMPDIR": folder.path]) { $1 }),
    input: .none, output: .fileDescriptor(log, closeAfterSpawningProcess: true), error: .combinedWithOutput
  ) { execution in
    let daemon = Daemon(name: name, pid: execution.processIdentifier.value, logFile: logFile) { signal in
      try? execution.send(signal: signal)
    }
    let result: Result<R, any Error>
    do {
      try await waitUntilReady(daemon, isReady)
      result = .success(try await body(daemon))
    } catch {
      result = .failure(error)
    }
    daemon.resume()
    await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))])
    return result
  }
  return try outcome.closureResult.get()
}

private func waitUntilReady(_ daemon: Daemon, _ isReady: @Sendable () async -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while !(await isReady()) {
    guard ContinuousClock.now < deadline, daemon.isRunning else {
      throw DaemonError(description: "\(daemon.name) did not start; its log ends with:\n\(daemon.log.suffix(2000))")
    }
    try await Task.sleep(for: .milliseconds(50))
  }
}

/// A program by its name or its path.
private func executable(_ program: String) -> Executable {
  program.hasPrefix("/") ? .path(FilePath(program)) : .name(program)
}

/// Runs a program to its end and returns what it printed. A status other than 0 is an error.
@discardableResult
package func output(of program: String, _ arguments: [String]) async throws -> String {
  let result = try await run(
    executable(program), arguments: Arguments(arguments), output: .string(limit: 4 << 20),
    error: .string(limit: 1 << 20))
  guard result.terminationStatus.isSuccess else {
    throw DaemonError(
      description: "\(program) \(arguments.joined(separator: " ")) failed: \(result.standardError)")
  }
  return result.standardOutput
}
