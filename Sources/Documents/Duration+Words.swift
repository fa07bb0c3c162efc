extension Duration {
  /// As people write it on a command line: `15m`, `90s`, `1h30m`, `2.5s`, `500ms`.
  package var words: String {
    let milliseconds = Int64((self / .milliseconds(1)).rounded())
    if milliseconds < 1000 { return "\(milliseconds)ms" }
    if milliseconds % 1000 != 0, milliseconds < 60_000 { return "\(Double(milliseconds / 100) / 10)s" }
    let seconds = milliseconds / 1000
    if seconds < 120, seconds % 60 != 0 { return "\(seconds)s" }
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
  }
}
