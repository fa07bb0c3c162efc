/// Evaluates expressions over the values of some names; keeps compiled patterns while it lives.
import KubeAPIServer

struct CELEvaluator {
  private var names: [String: CELValue]
  let patterns: CELPatterns

  init(_ names: [String: CELValue], patterns: CELPatterns) {
    self.names = names
    self.patterns = patterns
  }

  func value(of expression: CELExpression) throws(CELFault) -> CELValue {
    switch expression.node {
    case .literal(let value): return value
    case .name(let name):
      if let value = names[name] { return value }
      guard CELType.names.contains(name) else { throw CELFault("no such attribute(s): \(name)") }
      return .type(name)
    case .member(let object, let name): return try member(name, of: try value(of: object))
    case .has(let object, let name):
      guard case .map(let members) = try value(of: object) else { throw .noOverload }
      return .bool(members[.string(name)] != nil)
    case .list(let elements):
      var values: [CELValue] = []
      for element in elements { values.append(try value(of: element)) }
      return .list(values)
    case .map(let entries):
      var values: [CELValue: CELValue] = [:]
      for (key, content) in entries { values[try value(of: key)] = try value(of: content) }
      return .map(values)
    case .and(let a, let b): return .bool(try decide([a, b], until: false))
    case .or(let a, let b): return .bool(try decide([a, b], until: true))
    case .choice(let condition, let yes, let no):
      guard case .bool(let isTrue) = try value(of: condition) else { throw .noOverload }
      return try value(of: isTrue ? yes : no)
    case .macro(let macro, let range, let variable, let body, let transform):
      return try run(macro, over: try elements(of: range), variable, body, transform)
    case .call(let function, let target, let arguments):
      var values: [CELValue] = []
      if let target { values.append(try value(of: target)) }
      for argument in arguments { values.append(try value(of: argument)) }
      return try CELFunctions.call(function, isMethod: target != nil, values, patterns)
    }
  }

  private func member(_ name: String, of object: CELValue) throws(CELFault) -> CELValue {
    guard case .map(let members) = object else { throw .noOverload }
    guard let value = members[.string(name)] else { throw CELFault("no such key: \(name)") }
    return value
  }

  private func elements(of range: CELExpression) throws(CELFault) -> [CELValue] {
    switch try value(of: range) {
    case .list(let elements): return elements
    case .map(let members): return Array(members.keys)
    default: throw .noOverload
    }
  }

  /// `&&` ends with the first false, `||` with the first true, and either makes up for a fault of the others.
  private func decide(_ expressions: [CELExpression], until end: Bool) throws(CELFault) -> Bool {
    var fault: CELFault?
    for expression in expressions {
      do throws(CELFault) {
        guard case .bool(let value) = try value(of: expression) else { throw .noOverload }
        if value == end { return end }
      } catch {
        fault = fault ?? error
      }
    }
    if let fault { throw fault }
    return !end
  }

  private func run(
    _ macro: CELExpression.Macro, over elements: [CELValue], _ variable: String, _ body: CELExpression,
    _ transform: CELExpression?
  ) throws(CELFault) -> CELValue {
    var inner = self
    var chosen: [CELValue] = []
    var fault: CELFault?
    for element in elements {
      inner.names[variable] = element
      let isTrue: Bool
      do throws(CELFault) {
        guard case .bool(let value) = try inner.value(of: body) else { throw .noOverload }
        isTrue = value
      } catch {
        // As with && and ||, another element can still decide.
        guard macro == .all || macro == .exists else { throw error }
        fault = fault ?? error
        continue
      }
      if macro == .all, !isTrue { return .bool(false) }
      if macro == .exists, isTrue { return .bool(true) }
      if isTrue { chosen.append(macro == .map ? try inner.value(of: transform ?? body) : element) }
    }
    if let fault { throw fault }
    switch macro {
    case .all: return .bool(true)
    case .exists: return .bool(false)
    case .existsOne: return .bool(chosen.count == 1)
    case .filter, .map: return .list(chosen)
    }
  }
}

/// Regular expressions, compiled once.
final class CELPatterns {
  func matches(_ text: String, _ pattern: String) throws(CELFault) -> Bool {
    try self.pattern(pattern).matches(in: text)
  }

  /// The places where the pattern fits, each as long as can be.
  func places(in text: String, of pattern: String) throws(CELFault) -> [String] {
    try self.pattern(pattern).places(in: text)
  }

  private func pattern(_ text: String) throws(CELFault) -> LinearPattern {
    do { return try PatternTable.shared.pattern(text) } catch {
      throw CELFault("error parsing regexp: \(error.problem)")
    }
  }
}
