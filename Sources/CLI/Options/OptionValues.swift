import ArgumentParser
import Planning

extension PullPolicy: ExpressibleByArgument {}

/// How a command prints its result.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// A time span on the command line, as Go and Kubernetes write it: `90s`, `1h30m`, `500ms`.
struct TimeSpan: ExpressibleByArgument, Equatable {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    let units: [(name: String, length: Duration)] = [
      ("ms", .milliseconds(1)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
    ]
    var total = Duration.zero
    var rest = argument[...]
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(number.count)
      guard let value = Double(number), value < 1e9, let unit = units.first(where: { rest.hasPrefix($0.name) }) else {
        return nil
      }
      total += unit.length * value
      rest = rest.dropFirst(unit.name.count)
    }
    guard total > .zero else { return nil }
    duration = total
  }

  var defaultValueDescription: String {
    let seconds = duration.components.seconds
    return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
  }
}
