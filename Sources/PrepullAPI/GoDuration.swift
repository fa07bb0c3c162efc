extension Duration {
  private static let unitsOfGo: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
  ]

  /// Reads a duration as Go and Kubernetes write it: `90s`, `1h30m`, `1.5h`, `0`; nil when it is none.
  ///
  /// Source: Go's `time.ParseDuration`, without its sign; at most 292 years.
  package init?(go text: String) {
    self = .zero
    var rest = text[...]
    if rest == "0" { return }
    repeat {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number), let length = Self.unitsOfGo.first(where: { $0.name == unit })?.nanoseconds,
        value * length < 9.2e18
      else { return nil }
      self += .nanoseconds(Int64((value * length).rounded()))
    } while !rest.isEmpty
    guard self < .nanoseconds(Int64.max) else { return nil }
  }
}
