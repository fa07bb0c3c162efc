/// A duration as Go prints it, down to milliseconds: `523ms`, `4.1s`, `2m3.5s`, `1h0m0s`.
struct GoDuration: CustomStringConvertible {
  let description: String

  init(_ duration: Duration) {
    let milliseconds = max(
      0, duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
    if milliseconds < 1000 {
      description = milliseconds == 0 ? "0s" : "\(milliseconds)ms"
      return
    }
    let (hours, minutes) = (milliseconds / 3_600_000, milliseconds / 60_000 % 60)
    var seconds = String(milliseconds / 1000 % 60)
    var fraction = milliseconds % 1000
    if fraction > 0 {
      var digits = 3
      while fraction % 10 == 0 { (fraction, digits) = (fraction / 10, digits - 1) }
      let text = String(fraction)
      seconds += "." + String(repeating: "0", count: digits - text.count) + text
    }
    description = (hours > 0 ? "\(hours)h" : "") + (hours > 0 || minutes > 0 ? "\(minutes)m" : "") + seconds + "s"
  }
}
