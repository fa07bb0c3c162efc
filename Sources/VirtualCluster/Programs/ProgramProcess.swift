import Synchronization

/// One run of a container's program: from its start to its end, with its readiness probe.
final class ProgramProcess: Sendable {
  private struct State {
    var exitCode: Int?
    var isReady: Bool
  }

  private let program: SandboxProgram
  private let container: ContainerRun
  private let probe: ReadinessProbe?
  private let state: Mutex<State>
  private let stops: AsyncStream<Void>
  private let stopping: AsyncStream<Void>.Continuation

  init(_ program: SandboxProgram, _ container: ContainerRun, probe: ReadinessProbe?) {
    self.program = program
    self.container = container
    self.probe = probe
    state = Mutex(State(isReady: probe == nil))
    (stops, stopping) = AsyncStream.makeStream()
  }

  /// Nil while it runs.
  var exitCode: Int? { state.withLock(\.exitCode) }
  var isReady: Bool { state.withLock { $0.isReady && $0.exitCode == nil } }

  /// Cancels the program, as a signal tells a process to end.
  func stop() { stopping.yield() }

  /// Until the program has ended.
  func run() async {
    let code = await withTaskGroup(of: Int?.self) { group in
      group.addTask { [program, container] in
        do {
          return try await program.run(container)
        } catch {
          // Ended by SIGTERM, as a shell tells it.
          if Task.isCancelled { return 143 }
          container.print("\(error)\n")
          return 1
        }
      }
      group.addTask { [stops] in
        for await _ in stops { break }
        return nil
      }
      if let probe {
        group.addTask { [self] in
          await probe.watch { isReady in state.withLock { $0.isReady = isReady } }
          return nil
        }
      }
      var code = 0
      // The first to end is the program, or the wish to stop it.
      for await result in group {
        code = result ?? code
        group.cancelAll()
      }
      return code
    }
    state.withLock { $0.exitCode = code }
  }
}
