package import ArgumentParser

/// A time span on the command line, as Go and Kubernetes write it, and with days: `90s`, `1h30m`, `500ms`, `7d`.
package struct TimeSpan: Equatable, CustomStringConvertible {
  package let duration: Duration

  package init(_ duration: Duration) { self.duration = duration }

  /// For `@Option(transform:)`, whose errors reach the user.
  package static func parse(_ text: String) throws -> TimeSpan { try TimeSpan(parsing: text) }

  package init(parsing text: String) throws(ValidationError) {
    let example = "write for example 90s, 10m or 1h30m"
    let units: [(name: String, length: Duration)] = [
      ("ms", .milliseconds(1)), ("d", .seconds(86_400)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
    ]
    var total = Duration.zero
    var rest = text[...]
    repeat {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(number.count)
      guard let value = Double(number), value < 1e9 else { throw ValidationError("it is no time span; \(example)") }
      guard let unit = units.first(where: { rest.hasPrefix($0.name) }) else {
        throw ValidationError("\(rest.isEmpty ? "it has no unit" : "'\(rest)' is no unit of time"); \(example)")
      }
      total += unit.length * value
      rest = rest.dropFirst(unit.name.count)
    } while !rest.isEmpty
    guard total > .zero else { throw ValidationError("it is no time at all; \(example)") }
    duration = total
  }

  package var description: String {
    let seconds = duration.components.seconds
    return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
  }
}
