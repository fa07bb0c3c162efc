import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The functions and operators of CEL, and those of Kubernetes' libraries for strings, lists and patterns that rules of
/// custom resources use. Not there: URLs, quantities, IP addresses, CIDRs, formats, sets, optional values.
enum CELFunctions {
  static func call(
    _ name: String, isMethod: Bool, _ values: [CELValue], _ patterns: CELPatterns
  ) throws(CELFault) -> CELValue {
    if let value = try operation(name, values) { return value }
    if let value = try conversion(name, values) { return value }
    guard isMethod || name == "size" else { throw .noOverload }
    return try method(name, values, patterns)
  }

  private static func operation(_ name: String, _ values: [CELValue]) throws(CELFault) -> CELValue? {
    switch (name, values.count) {
    case ("==", 2): return .bool(values[0].equals(values[1]))
    case ("!=", 2): return .bool(!values[0].equals(values[1]))
    case ("<", 2): return .bool(try order(values[0], values[1]))
    case (">", 2): return .bool(try order(values[1], values[0]))
    case ("<=", 2): return .bool(try !order(values[1], values[0]))
    case (">=", 2): return .bool(try !order(values[0], values[1]))
    case ("!", 1):
      guard case .bool(let value) = values[0] else { throw .noOverload }
      return .bool(!value)
    case ("neg", 1): return try arithmetic("-", .int(0), values[0])
    case ("in", 2):
      switch values[1] {
      case .list(let elements): return .bool(elements.contains { $0.equals(values[0]) })
      case .map(let members): return .bool(members[values[0]] != nil)
      default: throw .noOverload
      }
    case ("[]", 2): return try element(values[1], of: values[0])
    case ("+", 2), ("-", 2), ("*", 2), ("/", 2), ("%", 2): return try arithmetic(name, values[0], values[1])
    default: return nil
    }
  }

  private static func order(_ a: CELValue, _ b: CELValue) throws(CELFault) -> Bool {
    guard let isBefore = a.precedes(b) else { throw .noOverload }
    return isBefore
  }

  private static func element(_ index: CELValue, of container: CELValue) throws(CELFault) -> CELValue {
    switch (container, index) {
    case (.list(let elements), .int(let number)):
      guard number >= 0, number < elements.count else { throw CELFault("index out of bounds: \(number)") }
      return elements[Int(number)]
    case (.map(let members), _):
      guard let value = members[index] else { throw CELFault("no such key: \(text(index) ?? "?")") }
      return value
    default: throw .noOverload
    }
  }

  private static func arithmetic(_ sign: String, _ a: CELValue, _ b: CELValue) throws(CELFault) -> CELValue {
    switch (a, b) {
    case (.int(let a), .int(let b)): return .int(try whole(sign, a, b))
    case (.duration(let a), .duration(let b)) where sign == "+" || sign == "-": return .duration(try whole(sign, a, b))
    case (.int(0), .double(let b)) where sign == "-": return .double(-b)
    case (.double(let a), .double(let b)):
      switch sign {
      case "+": return .double(a + b)
      case "-": return .double(a - b)
      case "*": return .double(a * b)
      case "/": return .double(a / b)
      default: throw .noOverload
      }
    case (.string(let a), .string(let b)) where sign == "+": return .string(a + b)
    case (.list(let a), .list(let b)) where sign == "+": return .list(a + b)
    case (.timestamp(let a), .timestamp(let b)) where sign == "-": return .duration(Int64((a - b) * 1e9))
    case (.timestamp(let a), .duration(let b)) where sign == "+": return .timestamp(a + Double(b) / 1e9)
    case (.timestamp(let a), .duration(let b)) where sign == "-": return .timestamp(a - Double(b) / 1e9)
    default: throw .noOverload
    }
  }

  private static func whole(_ sign: String, _ a: Int64, _ b: Int64) throws(CELFault) -> Int64 {
    let result: (partialValue: Int64, overflow: Bool)
    switch sign {
    case "+": result = a.addingReportingOverflow(b)
    case "-": result = a.subtractingReportingOverflow(b)
    case "*": result = a.multipliedReportingOverflow(by: b)
    case "/":
      if b == 0 { throw CELFault("division by zero") }
      result = a.dividedReportingOverflow(by: b)
    default:
      if b == 0 { throw CELFault("modulus by zero") }
      result = a.remainderReportingOverflow(dividingBy: b)
    }
    if result.overflow { throw CELFault("integer overflow") }
    return result.partialValue
  }

  private static func conversion(_ name: String, _ values: [CELValue]) throws(CELFault) -> CELValue? {
    guard values.count == 1, let value = values.first else { return nil }
    switch name {
    case "type": return .type(value.typeName)
    case "dyn": return value
    case "string":
      guard let text = text(value) else { throw .noOverload }
      return .string(text)
    case "int":
      switch value {
      case .int: return value
      case .uint(let number):
        guard let number = Int64(exactly: number) else { throw CELFault("integer overflow") }
        return .int(number)
      case .double(let number):
        guard number.magnitude < 9.2e18 else { throw CELFault("integer overflow") }
        return .int(Int64(number))
      case .string(let text):
        guard let number = Int64(text) else { throw CELFault("strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
        return .int(number)
      case .timestamp(let seconds): return .int(Int64(seconds))
      default: throw .noOverload
      }
    case "double":
      if case .string(let text) = value {
        guard let number = Double(text) else {
          throw CELFault("strconv.ParseFloat: parsing \"\(text)\": invalid syntax")
        }
        return .double(number)
      }
      guard let number = value.number else { throw .noOverload }
      return .double(number)
    case "bool":
      switch value {
      case .bool: return value
      case .string("true"): return .bool(true)
      case .string("false"): return .bool(false)
      default: throw .noOverload
      }
    case "duration":
      if case .duration = value { return value }
      guard case .string(let text) = value else { throw .noOverload }
      guard let length = CELValue.nanoseconds(text) else {
        throw CELFault("time: invalid duration \"\(text)\"")
      }
      return .duration(length)
    case "timestamp":
      if case .timestamp = value { return value }
      guard case .string(let text) = value else { throw .noOverload }
      guard let date = Timestamp.date(text) else { throw CELFault("parsing time \"\(text)\": not RFC 3339") }
      return .timestamp(date.timeIntervalSince1970)
    default: return nil
    }
  }

  private static func text(_ value: CELValue) -> String? {
    switch value {
    case .string(let text): text
    case .int(let number): "\(number)"
    case .uint(let number): "\(number)"
    case .double(let number): number == number.rounded() && number.magnitude < 1e15 ? "\(Int64(number))" : "\(number)"
    case .bool(let isTrue): isTrue ? "true" : "false"
    case .duration(let length): "\(Double(length) / 1e9)s".replacing(".0s", with: "s")
    default: nil
    }
  }

  private static func method(
    _ name: String, _ values: [CELValue], _ patterns: CELPatterns
  ) throws(CELFault) -> CELValue {
    switch values.first {
    case .string(let text): return try CELStrings.call(name, text, Array(values.dropFirst()), patterns)
    case .list(let elements): return try list(name, elements, Array(values.dropFirst()))
    case .map(let members) where name == "size" && values.count == 1: return .int(Int64(members.count))
    case .duration(let length):
      let units: [String: Int64] = [
        "getHours": 3_600_000_000_000, "getMinutes": 60_000_000_000, "getSeconds": 1_000_000_000,
        "getMilliseconds": 1_000_000,
      ]
      guard let unit = units[name] else { throw .noOverload }
      return .int(length / unit)
    default: throw .noOverload
    }
  }

  private static func list(
    _ name: String, _ elements: [CELValue], _ arguments: [CELValue]
  ) throws(CELFault) -> CELValue {
    switch (name, arguments.count) {
    case ("size", 0): return .int(Int64(elements.count))
    case ("isSorted", 0):
      for (a, b) in zip(elements, elements.dropFirst()) where try order(b, a) { return .bool(false) }
      return .bool(true)
    case ("sum", 0):
      guard var total = elements.first else { return .int(0) }
      for element in elements.dropFirst() { total = try arithmetic("+", total, element) }
      return total
    case ("min", 0), ("max", 0):
      guard var best = elements.first else { throw CELFault("\(name) called on empty list") }
      for element in elements.dropFirst() where try name == "min" ? order(element, best) : order(best, element) {
        best = element
      }
      return best
    case ("indexOf", 1):
      return .int(Int64(elements.firstIndex { $0.equals(arguments[0]) } ?? -1))
    case ("lastIndexOf", 1):
      return .int(Int64(elements.lastIndex { $0.equals(arguments[0]) } ?? -1))
    case ("join", 0), ("join", 1):
      var texts: [String] = []
      for element in elements {
        guard case .string(let text) = element else { throw .noOverload }
        texts.append(text)
      }
      guard case .string(let separator) = arguments.first ?? .string("") else { throw .noOverload }
      return .string(texts.joined(separator: separator))
    default: throw .noOverload
    }
  }
}
