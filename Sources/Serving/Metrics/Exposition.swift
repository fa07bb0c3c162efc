/// Prometheus' text format 0.0.4.
///
/// Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format".
package enum Exposition {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  static func write(_ family: MetricFamily, to text: inout String) {
    let description = family.description
    text += "# HELP \(description.name) \(escaped(description.help, quotes: false))\n"
    text += "# TYPE \(description.name) \(description.kind.rawValue)\n"
    for (values, sample) in family.all {
      let labels = zip(description.labels, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
      guard description.kind == .histogram else {
        text += line(description.name, labels, number(sample.value))
        continue
      }
      var count: UInt64 = 0
      for (bound, within) in zip(description.buckets + [.infinity], sample.counts) {
        count += within
        text += line("\(description.name)_bucket", labels + ["le=\"\(number(bound))\""], "\(count)")
      }
      text += line("\(description.name)_sum", labels, number(sample.value))
      text += line("\(description.name)_count", labels, "\(count)")
    }
  }

  private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
    labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
  }

  /// As Go parses it: `3`, `0.25`, `+Inf`, `NaN`.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map(String.init) ?? "\(value)"
  }

  static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
