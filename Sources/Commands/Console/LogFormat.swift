import ArgumentParser
import Documents
import Kubernetes
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How the log lines of a program that runs for long are written.
package enum LogFormat: String, ExpressibleByArgument, CaseIterable {
  /// `2026-01-02T03:04:05.678901Z info: leading identity=a reason="two words"`
  case text
  /// `{"time":"2026-01-02T03:04:05.678901Z","level":"info","msg":"leading","identity":"a"}`
  case json

  /// Those three are always there; metadata of these names gets a `_` behind its own.
  private static let own: Set = ["time", "level", "msg"]

  /// What a program says as it ends, in the form of its log lines if its arguments ask for JSON: a reader of them takes
  /// nothing else. Arguments that make no sense are read for this too. Nil where they do not.
  static func lastLine(_ text: String, arguments: [String], at date: Date = Date()) -> String? {
    let words = arguments.dropFirst()
    let isJSON =
      words.contains("--log-format=json") || zip(words, words.dropFirst()).contains { $0 == ("--log-format", "json") }
    guard words.contains("controller"), isJSON else { return nil }
    var message = text[...]
    if message.hasPrefix("Error: ") { message = message.dropFirst("Error: ".count) }
    while message.last?.isNewline == true { message = message.dropLast() }
    return LogFormat.json.line(.critical, "the controller ends", ["error": "\(message)"], at: date) + "\n"
  }

  /// One line, without its end.
  func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at date: Date) -> String {
    let time = Timestamp.microseconds(date)
    let sorted = metadata.sorted { $0.key < $1.key }
    switch self {
    case .text:
      let details = sorted.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
      return "\(time) \(level): \(Self.escaped(message))\(details)"
    case .json:
      let first: [(String, JSON)] = [
        ("time", .string(time)), ("level", .string("\(level)")), ("msg", .string(message)),
      ]
      let rest = sorted.map { ($0.key + (Self.own.contains($0.key) ? "_" : ""), Self.json($0.value)) }
      return "{" + (first + rest).map { "\(JSON.string($0).text):\($1.text)" }.joined(separator: ",") + "}"
    }
  }

  private static func json(_ value: Logger.Metadata.Value) -> JSON {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let value): .string("\(value)")
    case .array(let values): .array(values.map(json))
    case .dictionary(let values): .object(values.mapValues(json))
    }
  }

  /// In quotes where it would not be one word.
  private static func quoted(_ text: String) -> String {
    let isWord = !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" }
    return isWord ? text : JSON.string(text).text
  }

  /// On one line, whatever others put into it.
  private static func escaped(_ text: String) -> String {
    text.contains(where: \.isNewline) ? text.split(whereSeparator: \.isNewline).joined(separator: "; ") : text
  }
}
