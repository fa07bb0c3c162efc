import SystemPackage

extension Layout {
  /// Reads `index.json`; a layout without one holds nothing.
  func index() throws -> LayoutIndex {
    guard let bytes = try read(indexFile) else { return LayoutIndex() }
    do {
      return try LayoutIndex(parsing: bytes)
    } catch {
      throw LayoutFault(
        .fault, "\(indexFile) cannot be understood", remedy: "Repair it, or remove the folder and pull again.")
    }
  }

  /// Runs `body` as the only one who changes the layout, as soon as nobody else does.
  ///
  /// - Returns: `nil` when somebody else holds the lock right now.
  func tryExclusively<Result>(_ body: () throws -> Result) throws -> Result? {
    let lock = try OpenFile(lockFile, .readWrite, options: .create)
    guard try lock.tryLock() else { return nil }
    return try withExtendedLifetime(lock, body)
  }

  /// Runs `body` as the only one who changes the layout; waits for others, a minute at most.
  func exclusively<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    var pause = Duration.milliseconds(2)
    while true {
      if let result = try await FileWork.run({ try tryExclusively { Boxed(try body()) } }) { return result.value }
      guard clock.now < end else {
        throw LayoutFault(
          .timedOut, "another program has held \(lockFile) for a minute", remedy: "See what it does; `fuser` shows who."
        )
      }
      try await clock.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(50))
    }
  }

  /// Keeps an optional result apart from "not run".
  private struct Boxed<Value: Sendable>: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }
}
