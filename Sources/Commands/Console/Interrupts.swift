import UnixSignals

import Glibc

/// The signals by which a person, a kubelet or a terminal that closes ends a command.
package enum Interrupt: Sendable {
  case sigint
  case sigterm
  case sighup

  /// 128 plus the number of the signal, as shells have it.
  package var exitCode: Int32 {
    switch self {
    case .sigint: 128 + SIGINT
    case .sigterm: 128 + SIGTERM
    case .sighup: 128 + SIGHUP
    }
  }

  private init(_ signal: UnixSignal) {
    self = signal == .sigint ? .sigint : signal == .sigterm ? .sigterm : .sighup
  }

  /// Runs `body` and cancels it on the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once.
  ///
  /// - Parameter onSecond: called before the process ends without having cleaned up.
  /// - Returns: what `body` returned, `nil` when it was cancelled before it could, and the signal that cancelled it.
  package static func cancelling<Result: Sendable>(
    onSecond: @escaping @Sendable () -> Void = {}, _ body: @escaping @Sendable () async throws -> Result?
  ) async throws -> (Result?, Interrupt?) {
    // Who started us with SIGHUP ignored (nohup) wants us to outlive the terminal.
    let trapped: [UnixSignal] = isIgnored(SIGHUP) ? [.sigint, .sigterm] : [.sigint, .sigterm, .sighup]
    let signals = await UnixSignalsSequence(trapping: trapped)
    let received = Received()
    let work = Task { try await body() }
    let watch = Task {
      for await signal in signals {
        let interrupt = Interrupt(signal)
        if await received.note(interrupt) {
          onSecond()
          exit(interrupt.exitCode)
        }
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

  /// Waits until a signal cancels this task, or whatever else does.
  package static func untilCancelled() async {
    let (ends, continuation) = AsyncStream<Void>.makeStream()
    for await _ in ends {}
    continuation.finish()
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(signal, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else {
      return false
    }
    return unsafeBitCast(handler, to: Int.self) == 1  // SIG_IGN
  }

  /// Guards which signal came first.
  private actor Received {
    private(set) var first: Interrupt?
    private var since = ContinuousClock.now

    /// Notes a signal and tells whether it is a second one. `timeout` and pipelines send one to the process and to its
    /// group: those that come together are one.
    func note(_ interrupt: Interrupt) -> Bool {
      guard first == nil else { return since.duration(to: .now) > .seconds(1) }
      first = interrupt
      since = .now
      return false
    }
  }
}
