/// Numbers in the words of a person.
package enum Quantity {
  /// Bytes in decimal units, three digits at most before the unit: `999 B`, `1.5 kB`, `69.2 MB`, `1.02 GB`.
  package static func bytes(_ count: Int64) -> String {
    if count < 1000 { return "\(max(0, count)) B" }
    var value = Double(count)
    for unit in ["kB", "MB", "GB", "TB"] {
      value /= 1000
      if value < 999.5 || unit == "TB" {
        return "\(fixed(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(unit)"
      }
    }
    return "\(count) B"
  }

  /// A time that is guessed ahead, in whole seconds: `5s`, `3m05s`.
  package static func timeLeft(_ duration: Duration) -> String {
    let seconds = max(1, (duration / .seconds(1)).rounded(.up))
    return seconds < 10 ? "\(Int(seconds))s" : time(.seconds(seconds))
  }

  /// A time span: `85ms`, `4.1s`, `12s`, `3m05s`, `2h10m`.
  package static func time(_ duration: Duration) -> String {
    let seconds = max(0, duration / .seconds(1))
    if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded()))ms" }
    if seconds < 9.95 { return "\(fixed(seconds, digits: 1))s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return "\(whole / 60)m\(twoDigits(whole % 60))s" }
    return "\(whole / 3600)h\(twoDigits(whole % 3600 / 60))m"
  }

  /// Bytes per second: `21.4 MB/s`.
  package static func rate(_ bytesPerSecond: Double) -> String { bytes(Int64(bytesPerSecond)) + "/s" }

  /// `1 image`, `3 images`.
  package static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static func fixed(_ value: Double, digits: Int) -> String {
    let scale = digits == 0 ? 1 : digits == 1 ? 10 : 100
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return "\(scaled)" }
    let fraction = "\(scaled % scale)"
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
