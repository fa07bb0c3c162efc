import ArgumentParser

/// Bytes a second on the command line: `125MB`, `1GB`, `500000`; or bits, as links are sold: `1Gbit`.
struct ByteRate: ExpressibleByArgument, Hashable {
  let bytes: Int64

  init?(argument: String) {
    var text = argument.uppercased()[...]
    var factor = 1.0
    if text.hasSuffix("/S") { text = text.dropLast(2) }
    if text.hasSuffix("BIT") {
      text = text.dropLast(3)
      factor = 0.125
    } else if text.hasSuffix("B") {
      text = text.dropLast()
    }
    let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "G": 1e9]
    if let unit = text.last.flatMap({ factors[$0] }) {
      text = text.dropLast()
      factor *= unit
    }
    guard let number = Double(text), number > 0 else { return nil }
    let bytes = number * factor
    guard bytes >= 1, bytes < 1e15 else { return nil }
    self.bytes = Int64(bytes)
  }
}
