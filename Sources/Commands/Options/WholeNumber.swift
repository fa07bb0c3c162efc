import ArgumentParser

/// Numbers on the command line that say what they may be.
package enum WholeNumber {
  /// For `@Option(parsing: .unconditional, transform:)`, whose errors reach the user with the option's name and the
  /// value: so also `-1` is a value, and not an option that there is not.
  package static func from(_ least: Int, to most: Int) -> @Sendable (String) throws -> Int {
    { text in
      guard let number = Int(text), (least...most).contains(number) else {
        throw ValidationError("write a whole number from \(least) to \(most)")
      }
      return number
    }
  }
}
