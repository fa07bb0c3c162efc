import Documents
import Foundation
import Subprocess
import Synchronization
import SystemPackage
import TestKit

/// Headless Chromium, driven by its DevTools protocol over a pipe: JSON texts that end with NUL.
final class Browser: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private struct State {
    var next: Int64 = 1
    var waiting: [Int64: CheckedContinuation<JSON, any Error>] = [:]
    /// Errors of pages: exceptions, and what a policy refused.
    var complaints: [String] = []
    var isGone = false
  }

  private let state = Mutex(State())
  private let input: FileDescriptor

  private init(_ input: FileDescriptor) { self.input = input }

  /// Starts it, runs `body`, and ends it with its processes.
  static func with<R: Sendable>(_ body: @escaping @Sendable (Browser) async throws -> R) async throws -> R {
    try await withScratchFolder("browser") { folder in
      let (toBrowser, fromBrowser) = (try FileDescriptor.pipe(), try FileDescriptor.pipe())
      let browser = Browser(toBrowser.writeEnd)
      let reader = Thread { browser.read(fromBrowser.readEnd) }
      reader.start()
      // As root, as in CI, there is no sandbox of its own.
      let command = """
        exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --remote-debugging-pipe --user-data-dir="$0/profile" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>"$0/log"
        """
      let path = folder.path
      return try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask {
          _ = try await Subprocess.run(
            .name("bash"), arguments: ["-c", command, path],
            environment: .inherit.updating(["HOME": path]), platformOptions: Self.ownGroup,
            input: .fileDescriptor(toBrowser.readEnd, closeAfterSpawningProcess: true),
            output: .fileDescriptor(fromBrowser.writeEnd, closeAfterSpawningProcess: true), error: .discarded)
          return nil
        }
        group.addTask {
          let result = try await body(browser)
          _ = try? await browser.send("Browser.close")
          return result
        }
        defer {
          group.cancelAll()
          try? toBrowser.writeEnd.close()
        }
        var result: R?
        while let next = try await group.next() {
          if let next {
            result = next
            group.cancelAll()
          } else if result == nil {
            throw Failure(description: "chromium ended: install it with scripts/packages test")
          }
        }
        guard let result else { throw Failure(description: "chromium ended") }
        return result
      }
    }
  }

  /// Its processes end with it.
  private static var ownGroup: PlatformOptions {
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(200))
    ]
    return options
  }

  var complaints: [String] { state.withLock { $0.complaints } }

  /// Sends a command and waits for its answer, for half a minute at the longest.
  func send(_ method: String, _ parameters: JSON = [:], session: String? = nil) async throws -> JSON {
    let number = state.withLock { state in
      defer { state.next += 1 }
      return state.next
    }
    var message: JSON = ["id": .integer(number), "method": .string(method), "params": parameters]
    if let session { message["sessionId"] = .string(session) }
    let bytes = message.bytes() + [0]
    let limit = Task {
      try await Task.sleep(for: .seconds(30))
      resume(number, .failure(Failure(description: "\(method) has no answer")))
    }
    defer { limit.cancel() }
    let answer = try await withCheckedThrowingContinuation { continuation in
      let isGone = state.withLock { state in
        if !state.isGone { state.waiting[number] = continuation }
        return state.isGone
      }
      if isGone { return continuation.resume(throwing: Failure(description: "chromium is gone")) }
      do {
        _ = try input.writeAll(bytes)
      } catch {
        resume(number, .failure(error))
      }
    }
    if let error = answer["error"] { throw Failure(description: "\(method): \(error.text)") }
    return answer["result"] ?? [:]
  }

  private func resume(_ number: Int64, _ result: Result<JSON, any Error>) {
    state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(with: result)
  }

  private func read(_ output: FileDescriptor) {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while let count = try? buffer.withUnsafeMutableBytes({ try output.read(into: $0) }), count > 0 {
      rest += buffer[..<count]
      while let end = rest.firstIndex(of: 0) {
        take(rest[..<end])
        rest.removeFirst(end + 1)
      }
    }
    try? output.close()
    let waiting = state.withLock { state in
      state.isGone = true
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for continuation in waiting { continuation.resume(throwing: Failure(description: "chromium is gone")) }
  }

  private func take(_ bytes: ArraySlice<UInt8>) {
    guard let message = try? JSON(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
    if let number = message["id"]?.integer { return resume(number, .success(message)) }
    let text: String? =
      switch message["method"]?.string {
      case "Runtime.exceptionThrown":
        message[path: "params", "exceptionDetails", "exception", "description"]?.string ?? "an exception"
      case "Log.entryAdded" where message[path: "params", "entry", "source"] == "security":
        message[path: "params", "entry", "text"]?.string
      default: nil
      }
    if let text { state.withLock { $0.complaints.append(text) } }
  }
}
