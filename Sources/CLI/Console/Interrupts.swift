import UnixSignals

import Glibc

/// The signals by which a person or a kubelet ends a command.
enum Interrupt: Sendable {
  case sigint
  case sigterm

  /// 128 plus the number of the signal, as shells have it.
  var exitCode: Int32 { 128 + (self == .sigint ? SIGINT : SIGTERM) }

  /// Runs `body` and cancels it on the first SIGINT or SIGTERM; a second one ends the process at once.
  ///
  /// - Returns: what `body` returned, `nil` when it was cancelled before it could, and the signal that cancelled it.
  static func cancelling<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result?
  ) async throws -> (Result?, Interrupt?) {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let received = Received()
    let work = Task { try await body() }
    let watch = Task {
      for await signal in signals {
        let interrupt: Interrupt = signal == .sigint ? .sigint : .sigterm
        if await received.note(interrupt) { exit(interrupt.exitCode) }
        work.cancel()
      }
    }
    defer { watch.cancel() }
    do {
      return (try await work.value, await received.first)
    } catch {
      guard let interrupt = await received.first else { throw error }
      return (nil, interrupt)
    }
  }

  /// Guards which signal came first.
  private actor Received {
    private(set) var first: Interrupt?

    /// Notes a signal and tells whether there was one before.
    func note(_ interrupt: Interrupt) -> Bool {
      defer { first = first ?? interrupt }
      return first != nil
    }
  }
}
