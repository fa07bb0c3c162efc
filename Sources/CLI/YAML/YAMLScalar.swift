import Documents
import Foundation

/// What a scalar stands for in YAML 1.1, as sigs.k8s.io/yaml resolves it.
enum YAMLScalar {
  struct Fault: Error { let reason: String }

  private static let prefix = "tag:yaml.org,2002:"
  static let mergeTag = prefix + "merge"

  private static let words: [String: JSON] = {
    var words: [String: JSON] = [:]
    for word in ["", "~", "null", "Null", "NULL"] { words[word] = .null }
    for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] { words[word] = true }
    for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] { words[word] = false }
    return words
  }()

  private static let infinite: Set = [
    ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
  ]

  /// - Parameters:
  ///   - tag: as it is written out, nil for none; those that YAML does not define leave a text.
  ///   - isPlain: whether it has neither quotes nor a tag.
  static func json(_ text: String, tag: String?, isPlain: Bool) throws(Fault) -> JSON {
    guard let tag, tag.hasPrefix(prefix) else { return isPlain && tag == nil ? try plain(text) : .string(text) }
    let type = tag.dropFirst(prefix.count)
    switch type {
    case "str", "merge", "timestamp": return .string(text)
    case "binary":
      guard let data = Data(base64Encoded: text.filter { !$0.isWhitespace }) else {
        throw Fault(reason: "a !!binary value is not base64")
      }
      return .string(String(decoding: data, as: UTF8.self))
    case "null", "bool", "int", "float":
      let json = try plain(text)
      let fits =
        switch json {
        case .null: type == "null"
        case .bool: type == "bool"
        case .integer: type == "int" || type == "float"
        case .number: type == "float"
        default: false
        }
      guard fits else { throw Fault(reason: "a value is not of the type that its tag !!\(type) says") }
      return json
    default: return .string(text)
    }
  }

  /// The text of a key; nil for what cannot be one.
  static func key(_ json: JSON) -> String? {
    switch json {
    case .string(let text): text
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): "\(Float(value))"
    default: nil
    }
  }

  private static func plain(_ text: String) throws(Fault) -> JSON {
    switch text.utf8.first {
    case nil, UInt8(ascii: "~"): return words[text] ?? .string(text)
    case let byte? where "yYnNtTfFoO".utf8.contains(byte): return words[text] ?? .string(text)
    case let byte? where "0123456789+-.".utf8.contains(byte):
      guard !infinite.contains(text) else { throw Fault(reason: "\(text) is no number that JSON knows") }
      return number(text) ?? .string(text)
    default: return .string(text)
    }
  }

  private static func number(_ text: String) -> JSON? {
    if text.hasPrefix(".") { return isDecimal(text) ? decimal(text) : nil }
    let text = text.contains("_") ? text.filter { $0 != "_" } : text
    return integer(text) ?? (isDecimal(text) ? decimal(text) : nil)
  }

  /// `12`, `0x1f`, `0o17`, `017`, `0b11`, with a sign or without.
  private static func integer(_ text: String) -> JSON? {
    let isNegative = text.hasPrefix("-")
    var digits = text[...]
    if isNegative || text.hasPrefix("+") { digits.removeFirst() }
    var radix = 10
    for (start, base) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2), ("0", 8)]
    where digits.hasPrefix(start) && digits.count > start.count {
      digits.removeFirst(start.count)
      radix = base
      break
    }
    guard let first = digits.first, first != "+", first != "-" else { return nil }
    if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .integer(value) }
    return UInt64(digits, radix: radix).flatMap { isNegative ? nil : .number(Double($0)) }
  }

  /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
  private static func isDecimal(_ text: String) -> Bool {
    var rest = Substring(text).utf8
    func skip(_ bytes: String) -> Bool {
      guard let first = rest.first, bytes.utf8.contains(first) else { return false }
      rest.removeFirst()
      return true
    }
    func digits() -> Bool {
      let count = rest.count
      while skip("0123456789") {}
      return rest.count < count
    }
    _ = skip("+-")
    let hasWhole = digits()
    let hasPoint = skip(".")
    let hasFraction = hasPoint && digits()
    guard hasWhole || hasFraction else { return false }
    if skip("eE") {
      _ = skip("+-")
      guard digits() else { return false }
    }
    return rest.isEmpty
  }

  private static func decimal(_ text: String) -> JSON? {
    var text = text
    if text.hasPrefix("+") { text.removeFirst() }
    guard let value = Double(text.hasSuffix(".") ? text + "0" : text), value.isFinite else { return nil }
    // As Go writes it into JSON: 1e3 is 1000.
    return Int64(exactly: value).flatMap { abs($0) < 1 << 53 ? .integer($0) : nil } ?? .number(value)
  }
}
