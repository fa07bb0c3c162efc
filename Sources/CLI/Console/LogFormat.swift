import ArgumentParser
import Documents
import Foundation
import Kubernetes
import Logging

/// How the log lines of a program that runs for long are written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
  /// `2026-01-02T03:04:05.678901Z info: leading identity=a reason="two words"`
  case text
  /// `{"time":"2026-01-02T03:04:05.678901Z","level":"info","msg":"leading","identity":"a"}`
  case json

  /// Those three are always there; metadata of these names gets a `_` behind its own.
  private static let own: Set = ["time", "level", "msg"]

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
