import ArgumentParser

/// Bytes a second on the command line: `125MB`, `50MiB`, `1GB`, `500000`; or bits, as links are sold: `1Gbit`.
package struct ByteRate: ExpressibleByArgument, Hashable {
  package let bytes: Int64

  package init?(argument: String) {
    var text = argument.uppercased()[...]
    var factor = 1.0
    if text.hasSuffix("/S") { text = text.dropLast(2) }
    if text.hasSuffix("BIT") {
      text = text.dropLast(3)
      factor = 0.125
    } else if text.hasSuffix("B") {
      text = text.dropLast()
    }
    var base = 1000.0
    if text.hasSuffix("I") {
      text = text.dropLast()
      base = 1024
    }
    let powers: [Character: Double] = ["K": base, "M": base * base, "G": base * base * base]
    if let unit = text.last.flatMap({ powers[$0] }) {
      text = text.dropLast()
      factor *= unit
    } else if base == 1024 {
      return nil
    }
    guard let number = Double(text), number > 0 else { return nil }
    let bytes = number * factor
    guard bytes >= 1, bytes < 1e15 else { return nil }
    self.bytes = Int64(bytes)
  }
}
