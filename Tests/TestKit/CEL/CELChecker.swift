/// Finds the type of an expression, and what cannot work whatever the values are: fields that do not exist, functions
/// that do not take what they are given.
struct CELChecker {
  private var names: [String: CELType]

  init(_ names: [String: CELType]) { self.names = names }

  func type(of expression: CELExpression) throws(CELError) -> CELType {
    func fault(_ problem: String) -> CELError { CELError(problem: problem, offset: expression.offset) }
    switch expression.node {
    case .literal(let value): return Self.type(of: value)
    case .name(let name):
      if let type = names[name] { return type }
      if CELType.names.contains(name) { return .type }
      throw fault("undeclared reference to '\(name)' (in container '')")
    case .member(let object, let name), .has(let object, let name):
      let isTest = if case .has = expression.node { true } else { false }
      switch try type(of: object) {
      case .object(let members):
        guard let type = members[name] else { throw fault("undefined field '\(name)'") }
        return isTest ? .bool : type
      case .map(let value): return isTest ? .bool : value
      case .dyn: return isTest ? .bool : .dyn
      case let other: throw fault("type '\(other.name)' does not support field selection")
      }
    case .list(let elements): return .list(try common(elements))
    case .map(let entries):
      for (key, _) in entries { _ = try type(of: key) }
      return .map(try common(entries.map(\.1)))
    case .and(let a, let b): return try logical("_&&_", a, b, expression)
    case .or(let a, let b): return try logical("_||_", a, b, expression)
    case .choice(let condition, let yes, let no):
      let types = (try type(of: condition), try type(of: yes), try type(of: no))
      guard types.0.fits(.bool), types.1.fits(types.2) else {
        throw overload("_?_:_", [types.0, types.1, types.2], expression)
      }
      return types.1 == .dyn ? types.2 : types.1
    case .macro(let macro, let range, let variable, let body, let transform):
      let element: CELType
      switch try type(of: range) {
      case .list(let type): element = type
      case .map: element = .string
      case .dyn: element = .dyn
      case let other:
        throw CELError(
          problem:
            "expression of type '\(other.name)' cannot be range of a comprehension (must be list, map, or dynamic)",
          offset: range.offset)
      }
      var inner = self
      inner.names[variable] = element
      let type = try inner.type(of: body)
      guard type.fits(.bool) else { throw overload("_&&_", [.bool, type], body) }
      switch macro {
      case .all, .exists, .existsOne: return .bool
      case .filter: return .list(element)
      case .map:
        return .list(try transform.map { expression throws(CELError) in try inner.type(of: expression) } ?? .dyn)
      }
    case .call(let function, let target, let arguments):
      var types: [CELType] = []
      if let target { types.append(try type(of: target)) }
      for argument in arguments { types.append(try type(of: argument)) }
      if let result = CELSignature.result(of: function, isMethod: target != nil, types) { return result }
      if CELSignature.exists(function) { throw overload(CELSignature.shown(function), types, expression) }
      throw fault("undeclared reference to '\(function)' (in container '')")
    }
  }

  private func overload(_ name: String, _ types: [CELType], _ expression: CELExpression) -> CELError {
    CELError(
      problem: "found no matching overload for '\(name)' applied to '(\(types.map(\.name).joined(separator: ", ")))'",
      offset: expression.offset)
  }

  private func logical(
    _ name: String, _ a: CELExpression, _ b: CELExpression, _ expression: CELExpression
  ) throws(CELError) -> CELType {
    let types = [try type(of: a), try type(of: b)]
    guard types.allSatisfy({ $0.fits(.bool) }) else { throw overload(name, types, expression) }
    return .bool
  }

  /// The type of all of them, `dyn` when they differ.
  private func common(_ expressions: [CELExpression]) throws(CELError) -> CELType {
    var result: CELType?
    for expression in expressions {
      let type = try type(of: expression)
      result = result == nil || result == type ? type : .dyn
    }
    return result ?? .dyn
  }

  private static func type(of value: CELValue) -> CELType {
    switch value {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .duration: .duration
    case .timestamp: .timestamp
    case .type: .type
    case .list: .list(.dyn)
    case .map: .map(.dyn)
    }
  }
}
