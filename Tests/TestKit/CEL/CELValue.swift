import Documents
import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A value of the Common Expression Language.
enum CELValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
  case list([CELValue])
  case map([CELValue: CELValue])
  /// In nanoseconds.
  case duration(Int64)
  /// In seconds since 1970.
  case timestamp(Double)
  case type(String)

  /// The value of a field, by its schema: formats say what a string stands for, names of members are escaped.
  init(_ json: JSON, _ schema: JSON?) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = schema?["type"] == "number" ? .double(Double(value)) : .int(value)
    case .number(let value): self = .double(value)
    case .string(let text): self = Self.text(text, format: schema?["format"]?.string)
    case .array(let elements): self = .list(elements.map { CELValue($0, schema?["items"]) })
    case .object(let members):
      let properties = schema?["properties"]
      let others = schema?["additionalProperties"]
      var values: [CELValue: CELValue] = [:]
      for (name, content) in members where content != .null {
        if others != nil {
          values[.string(name)] = CELValue(content, others)
        } else if let name = CELType.escaped(name) {
          values[.string(name)] = CELValue(content, properties?[name])
        }
      }
      self = .map(values)
    }
  }

  private static func text(_ text: String, format: String?) -> CELValue {
    switch format {
    case "date-time", "date": Timestamp.date(text).map { .timestamp($0.timeIntervalSince1970) } ?? .string(text)
    case "duration": nanoseconds(text).map(CELValue.duration) ?? .string(text)
    default: .string(text)
    }
  }

  /// As the function `type` names it.
  var typeName: String {
    switch self {
    case .null: "null_type"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .list: "list"
    case .map: "map"
    case .duration: "google.protobuf.Duration"
    case .timestamp: "google.protobuf.Timestamp"
    case .type: "type"
    }
  }

  var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .uint(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// Equality over kinds of numbers, as CEL has it.
  func equals(_ other: CELValue) -> Bool {
    switch (self, other) {
    case (.list(let a), .list(let b)): return a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
    case (.map(let a), .map(let b)):
      return a.count == b.count && a.allSatisfy { key, value in b[key].map { value.equals($0) } ?? false }
    default:
      if self == other { return true }
      guard let a = number, let b = other.number else { return false }
      return a == b
    }
  }

  /// Whether this comes before the other; nil when they have no order.
  func precedes(_ other: CELValue) -> Bool? {
    switch (self, other) {
    case (.int(let a), .int(let b)): return a < b
    case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.bool(let a), .bool(let b)): return !a && b
    case (.duration(let a), .duration(let b)): return a < b
    case (.timestamp(let a), .timestamp(let b)): return a < b
    default:
      guard let a = number, let b = other.number else { return nil }
      return a < b
    }
  }

  /// Reads a duration as Go writes it.
  static func nanoseconds(_ text: String) -> Int64? {
    let units: [String: Double] = ["ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9]
    let isNegative = text.hasPrefix("-")
    var rest = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
    if rest == "0" { return 0 }
    var total = 0.0
    repeat {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number), let length = units[String(unit)] else { return nil }
      total += value * length
    } while !rest.isEmpty
    guard total < 9.2e18 else { return nil }
    return Int64(total.rounded()) * (isNegative ? -1 : 1)
  }
}
