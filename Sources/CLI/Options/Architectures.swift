import Warming
import ArgumentParser

extension TouchProgram.Architecture {
  /// All of them, for help and complaints.
  static let choices = allCases.map(\.rawValue).joined(separator: ", ")

  /// Reads the values of `--arch`, each of which may name several with commas.
  ///
  /// - Throws: `ValidationError` for one that touch does not exist for.
  static func all(in texts: [String]) throws -> [Self] {
    try texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map { name in
      guard let architecture = Self(rawValue: String(name)) else {
        throw ValidationError("--arch '\(name)' is none of \(choices)")
      }
      return architecture
    }
  }
}
