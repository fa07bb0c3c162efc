package import Runtimes

/// What an agent goes by.
package struct AgentSettings: Hashable, Sendable {
  /// Of the program.
  package var version = "unknown"
  /// Pulls at the same time.
  package var parallelism = 3
  /// How far the disk may be filled.
  package var diskRule = ImageDiskRule()
  /// How long what is not wanted any more stays.
  package var grace = Self.defaultGrace
  /// How long changes are gathered before they are written.
  package var gathering = Duration.seconds(1)
  /// How often the runtime is asked, whatever it tells.
  package var listInterval = Duration.seconds(30)
  /// How long the runtime may be away before that is a condition.
  package var patience = Duration.seconds(10)
  /// Of a pull that says nothing else.
  package var timeout = Duration.seconds(1800)

  package static let defaultGrace = Duration.seconds(600)

  package init() {}

  /// Losses within an hour from which on a repair waits, and how long: the last holds for all that follow.
  static let lossesBorne = 3
  static let lossWaits: [Duration] = [.seconds(900), .seconds(1800), .seconds(3600)]

  /// The wait after so many failed repairs in a row.
  static func wait(afterFailures count: Int) -> Duration {
    min(.seconds(900), .seconds(30) * (1 << min(count, 10)))
  }
}
