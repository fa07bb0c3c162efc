/// What functions and operators take, and what they give.
enum CELSignature {
  private static let operators: Set<String> = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in"]

  /// For each name the types it takes, the first that of the target of a method; the last is the result's.
  private static let functions: [(names: [String], isMethod: Bool, takes: [CELType], result: CELType)] = [
    (["size", "isSorted"], true, [.list(.dyn)], .dyn), (["size"], true, [.map(.dyn)], .int),
    (["size"], true, [.string], .int), (["size"], false, [.list(.dyn)], .int), (["size"], false, [.map(.dyn)], .int),
    (["size"], false, [.string], .int),
    (["startsWith", "endsWith", "contains", "matches"], true, [.string, .string], .bool),
    (["lowerAscii", "upperAscii", "trim"], true, [.string], .string), (["find"], true, [.string, .string], .string),
    (["findAll", "split"], true, [.string, .string], .list(.string)),
    (["replace"], true, [.string, .string, .string], .string),
    (["charAt", "substring"], true, [.string, .int], .string),
    (["substring"], true, [.string, .int, .int], .string),
    (["indexOf", "lastIndexOf"], true, [.string, .string], .int),
    (["indexOf", "lastIndexOf"], true, [.list(.dyn), .dyn], .int), (["sum", "min", "max"], true, [.list(.dyn)], .dyn),
    (["join"], true, [.list(.string)], .string), (["join"], true, [.list(.string), .string], .string),
    (["getHours", "getMinutes", "getSeconds", "getMilliseconds"], true, [.duration], .int),
    (["type"], false, [.dyn], .type), (["dyn"], false, [.dyn], .dyn),
  ]

  private static let conversions: [String: (takes: [CELType], result: CELType)] = [
    "string": ([.string, .int, .uint, .double, .bool, .duration, .timestamp], .string),
    "int": ([.int, .uint, .double, .string, .timestamp], .int), "double": ([.double, .int, .uint, .string], .double),
    "bool": ([.bool, .string], .bool), "duration": ([.duration, .string], .duration),
    "timestamp": ([.timestamp, .string], .timestamp),
  ]

  static func exists(_ name: String) -> Bool {
    operators.contains(name) || ["!", "neg", "[]"].contains(name) || conversions[name] != nil
      || functions.contains { $0.names.contains(name) }
  }

  /// The name in error messages.
  static func shown(_ name: String) -> String {
    switch name {
    case "in": "@in"
    case "!": "!_"
    case "neg": "-_"
    case "[]": "_[_]"
    default: operators.contains(name) ? "_\(name)_" : name
    }
  }

  /// Nil when no signature fits.
  static func result(of name: String, isMethod: Bool, _ types: [CELType]) -> CELType? {
    if !isMethod, let result = ofOperator(name, types) { return result }
    if !isMethod, types.count == 1, let conversion = conversions[name] {
      return conversion.takes.contains { $0.fits(types[0]) } ? conversion.result : nil
    }
    return functions.first { function in
      function.names.contains(name) && function.isMethod == isMethod && function.takes.count == types.count
        && zip(function.takes, types).allSatisfy { $0.fits($1) }
    }?.result
  }

  private static func ofOperator(_ name: String, _ types: [CELType]) -> CELType? {
    switch (name, types.count) {
    case ("==", 2), ("!=", 2): return types[0].fits(types[1]) ? .bool : nil
    case ("<", 2), ("<=", 2), (">", 2), (">=", 2):
      let numbers: Set<CELType> = [.int, .uint, .double]
      let ordered = numbers.union([.bool, .string, .duration, .timestamp, .dyn])
      guard types.allSatisfy(ordered.contains) else { return nil }
      return types[0].fits(types[1]) || numbers.isSuperset(of: types) ? .bool : nil
    case ("!", 1): return types[0].fits(.bool) ? .bool : nil
    case ("neg", 1): return [.int, .double, .dyn].contains(types[0]) ? types[0] : nil
    case ("in", 2):
      switch types[1] {
      case .list(let element): return element.fits(types[0]) ? .bool : nil
      case .map, .dyn: return .bool
      default: return nil
      }
    case ("[]", 2):
      switch types[0] {
      case .list(let element): return types[1].fits(.int) ? element : nil
      case .map(let value): return value
      case .dyn: return .dyn
      default: return nil
      }
    case ("+", 2), ("-", 2), ("*", 2), ("/", 2), ("%", 2): return ofArithmetic(name, types[0], types[1])
    default: return nil
    }
  }

  private static func ofArithmetic(_ sign: String, _ a: CELType, _ b: CELType) -> CELType? {
    if a == .dyn || b == .dyn { return a == .dyn ? b : a }
    switch (a, b) {
    case (.int, .int), (.uint, .uint): return a
    case (.double, .double): return sign == "%" ? nil : .double
    case (.string, .string): return sign == "+" ? .string : nil
    case (.list(let element), .list(let other)):
      return sign == "+" && element.fits(other) ? .list(element == .dyn ? other : element) : nil
    case (.duration, .duration): return sign == "+" || sign == "-" ? .duration : nil
    case (.timestamp, .timestamp): return sign == "-" ? .duration : nil
    case (.timestamp, .duration): return sign == "+" || sign == "-" ? .timestamp : nil
    default: return nil
    }
  }
}
