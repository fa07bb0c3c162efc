/// The functions of strings. Positions count Unicode scalars.
enum CELStrings {
  static func call(
    _ name: String, _ text: String, _ arguments: [CELValue], _ patterns: CELPatterns
  ) throws(CELFault) -> CELValue {
    let scalars = Array(text.unicodeScalars)
    if arguments.isEmpty {
      switch name {
      case "size": return .int(Int64(scalars.count))
      case "lowerAscii": return .string(ascii(text) { $0.lowercased() })
      case "upperAscii": return .string(ascii(text) { $0.uppercased() })
      case "trim":
        let trimmed = text.drop(while: \.isWhitespace)
        return .string(String(trimmed.reversed().drop(while: \.isWhitespace).reversed()))
      default: throw .noOverload
      }
    }
    if case .int(let first) = arguments[0] {
      switch (name, arguments.count) {
      case ("charAt", 1): return .string(try slice(scalars, first, min(first + 1, Int64(scalars.count))))
      case ("substring", 1): return .string(try slice(scalars, first, Int64(scalars.count)))
      case ("substring", 2):
        guard case .int(let end) = arguments[1] else { throw .noOverload }
        return .string(try slice(scalars, first, end))
      default: throw .noOverload
      }
    }
    guard case .string(let other) = arguments[0] else { throw .noOverload }
    switch (name, arguments.count) {
    case ("startsWith", 1): return .bool(scalars.starts(with: other.unicodeScalars))
    case ("endsWith", 1): return .bool(scalars.reversed().starts(with: other.unicodeScalars.reversed()))
    case ("contains", 1): return .bool(index(of: other, in: scalars) != nil)
    case ("indexOf", 1): return .int(Int64(index(of: other, in: scalars) ?? -1))
    case ("lastIndexOf", 1): return .int(Int64(index(of: other, in: scalars, isLast: true) ?? -1))
    case ("matches", 1): return .bool(try patterns.matches(text, other))
    case ("find", 1):
      return .string(try patterns.places(in: text, of: other).first ?? "")
    case ("findAll", 1):
      return .list(try patterns.places(in: text, of: other).map { .string($0) })
    case ("split", 1):
      return .list(
        other.isEmpty
          ? text.map { .string(String($0)) }
          : text.split(separator: other, omittingEmptySubsequences: false).map { .string(String($0)) })
    case ("replace", 2):
      guard case .string(let new) = arguments[1] else { throw .noOverload }
      return .string(text.replacing(other, with: new))
    default: throw .noOverload
    }
  }

  private static func ascii(_ text: String, _ change: (Character) -> String) -> String {
    text.map { $0.isASCII ? change($0) : String($0) }.joined()
  }

  private static func slice(_ scalars: [Unicode.Scalar], _ from: Int64, _ to: Int64) throws(CELFault) -> String {
    guard from >= 0, to <= scalars.count, from <= to else { throw CELFault("index out of range: \(from)") }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[Int(from)..<Int(to)])
    return String(text)
  }

  private static func index(of other: String, in scalars: [Unicode.Scalar], isLast: Bool = false) -> Int? {
    let wanted = Array(other.unicodeScalars)
    guard wanted.count <= scalars.count else { return nil }
    let places = 0...(scalars.count - wanted.count)
    func isHere(_ place: Int) -> Bool { scalars[place...].starts(with: wanted) }
    return isLast ? places.last(where: isHere) : places.first(where: isHere)
  }
}
