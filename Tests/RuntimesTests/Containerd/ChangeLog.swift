import Synchronization
import TestKit

@testable import Runtimes

/// Reads what a runtime tells of its images.
final class ChangeLog: Sendable {
  private struct State {
    var all: [RuntimeChange] = []
    var end: Result<Void, any Error>?
  }

  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(_ changes: AsyncThrowingStream<RuntimeChange, any Error>) {
    let task = Task { [weak self] in
      do {
        for try await change in changes { self?.state.withLock { $0.all.append(change) } }
        self?.state.withLock { $0.end = .success(()) }
      } catch {
        self?.state.withLock { $0.end = .failure(error) }
      }
    }
    self.task.withLock { $0 = task }
  }

  var all: [RuntimeChange] { state.withLock { $0.all } }

  func cancel() { task.withLock { $0?.cancel() } }

  func wait(for change: RuntimeChange) async throws {
    try await eventually("\(change)") { all.contains(change) }
  }

  /// Waits for its end and returns the error that it ended with.
  func end() async throws -> RuntimeError? {
    let end = try await eventually("the end of the changes") { state.withLock { $0.end } }
    guard case .failure(let error) = end else { return nil }
    return error as? RuntimeError
  }
}
