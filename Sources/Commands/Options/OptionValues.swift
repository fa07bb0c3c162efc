import ArgumentParser
import ImageModel
import Runtimes

extension PullPolicy: ExpressibleByArgument {
  /// Takes any case, as `--policy always` leaves no doubt.
  public init?(argument: String) {
    guard let policy = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
      return nil
    }
    self = policy
  }
}

extension FastPulls: ExpressibleByArgument {}

/// How a command prints its result.
package enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}
