/// A recursive descent over the words of an expression.
struct CELParser {
  private static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
  ]
  /// Deeper nesting is refused rather than risking the stack.
  private static let maximumDepth = 64

  private let tokens: [(token: CELLexer.Token, offset: Int)]
  private var position = 0
  private var depth = 0

  static func expression(_ text: String) throws(CELError) -> CELExpression {
    var parser = CELParser(tokens: try CELLexer.tokens(of: text))
    let expression = try parser.choice()
    guard parser.token == .end else { throw parser.unexpected() }
    return expression
  }

  private init(tokens: [(token: CELLexer.Token, offset: Int)]) { self.tokens = tokens }

  private var token: CELLexer.Token { tokens[position].token }
  private var offset: Int { tokens[position].offset }

  private func unexpected() -> CELError {
    CELError(
      problem: token == .end
        ? "Syntax error: mismatched input '<EOF>'" : "Syntax error: extraneous input '\(token.text)'", offset: offset)
  }

  private mutating func takes(_ sign: String) -> Bool {
    guard token == .sign(sign) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ sign: String) throws(CELError) {
    guard takes(sign) else {
      throw CELError(
        problem: "Syntax error: mismatched input '\(token.text)' expecting '\(sign)'", offset: offset)
    }
  }

  private mutating func choice() throws(CELError) -> CELExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.maximumDepth else {
      throw CELError(problem: "expression recursion limit exceeded", offset: offset)
    }
    let start = offset
    let condition = try or()
    guard takes("?") else { return condition }
    let yes = try or()
    try expect(":")
    return CELExpression(node: .choice(condition, yes, try choice()), offset: start)
  }

  private mutating func or() throws(CELError) -> CELExpression {
    var left = try and()
    while token == .sign("||") {
      let start = offset
      position += 1
      left = CELExpression(node: .or(left, try and()), offset: start)
    }
    return left
  }

  private mutating func and() throws(CELError) -> CELExpression {
    var left = try relation()
    while token == .sign("&&") {
      let start = offset
      position += 1
      left = CELExpression(node: .and(left, try relation()), offset: start)
    }
    return left
  }

  private mutating func relation() throws(CELError) -> CELExpression {
    var left = try sum()
    while true {
      let sign: String
      switch token {
      case .sign(let text) where ["==", "!=", "<", "<=", ">", ">="].contains(text): sign = text
      case .name("in"): sign = "in"
      default: return left
      }
      let start = offset
      position += 1
      left = CELExpression(node: .call(sign, target: nil, [left, try sum()]), offset: start)
    }
  }

  private mutating func sum() throws(CELError) -> CELExpression {
    var left = try product()
    while case .sign(let sign) = token, sign == "+" || sign == "-" {
      let start = offset
      position += 1
      left = CELExpression(node: .call(sign, target: nil, [left, try product()]), offset: start)
    }
    return left
  }

  private mutating func product() throws(CELError) -> CELExpression {
    var left = try unary()
    while case .sign(let sign) = token, ["*", "/", "%"].contains(sign) {
      let start = offset
      position += 1
      left = CELExpression(node: .call(sign, target: nil, [left, try unary()]), offset: start)
    }
    return left
  }

  private mutating func unary() throws(CELError) -> CELExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.maximumDepth else {
      throw CELError(problem: "expression recursion limit exceeded", offset: offset)
    }
    let start = offset
    if takes("!") { return CELExpression(node: .call("!", target: nil, [try unary()]), offset: start) }
    if takes("-") {
      let value = try unary()
      switch value.node {
      case .literal(.int(let number)): return CELExpression(node: .literal(.int(-number)), offset: start)
      case .literal(.double(let number)): return CELExpression(node: .literal(.double(-number)), offset: start)
      default: return CELExpression(node: .call("neg", target: nil, [value]), offset: start)
      }
    }
    return try member()
  }

  private mutating func member() throws(CELError) -> CELExpression {
    var value = try primary()
    while true {
      let start = offset
      if takes(".") {
        guard case .name(let name) = token else { throw unexpected() }
        position += 1
        if token == .sign("(") {
          value = try call(name, on: value, at: start)
        } else {
          value = CELExpression(node: .member(value, name), offset: start)
        }
      } else if takes("[") {
        let index = try choice()
        try expect("]")
        value = CELExpression(node: .call("[]", target: nil, [value, index]), offset: start)
      } else {
        return value
      }
    }
  }

  private mutating func call(
    _ name: String, on target: CELExpression, at start: Int
  ) throws(CELError) -> CELExpression {
    let arguments = try self.arguments()
    guard let macro = CELExpression.Macro(rawValue: name),
      arguments.count == 2 || (macro == .map && arguments.count == 3)
    else { return CELExpression(node: .call(name, target: target, arguments), offset: start) }
    guard case .name(let variable) = arguments[0].node else {
      throw CELError(problem: "argument must be a simple name", offset: arguments[0].offset)
    }
    let hasFilter = macro == .map && arguments.count == 3
    return CELExpression(
      node: .macro(
        macro, target, variable: variable,
        macro == .map && !hasFilter ? CELExpression(node: .literal(.bool(true)), offset: start) : arguments[1],
        transform: macro == .map ? arguments[hasFilter ? 2 : 1] : nil), offset: start)
  }

  private mutating func arguments() throws(CELError) -> [CELExpression] {
    try expect("(")
    return try list(until: ")")
  }

  private mutating func list(until end: String) throws(CELError) -> [CELExpression] {
    var elements: [CELExpression] = []
    while !takes(end) {
      elements.append(try choice())
      if takes(",") { continue }
      try expect(end)
      break
    }
    return elements
  }

  private mutating func primary() throws(CELError) -> CELExpression {
    let start = offset
    func made(_ node: CELExpression.Node) -> CELExpression { CELExpression(node: node, offset: start) }
    switch token {
    case .int(let value):
      position += 1
      return made(.literal(.int(value)))
    case .uint(let value):
      position += 1
      return made(.literal(.uint(value)))
    case .double(let value):
      position += 1
      return made(.literal(.double(value)))
    case .string(let value):
      position += 1
      return made(.literal(.string(value)))
    case .name(let name): return try named(name)
    case .sign("("):
      position += 1
      let inner = try choice()
      try expect(")")
      return inner
    case .sign("["):
      position += 1
      return made(.list(try list(until: "]")))
    case .sign("{"):
      position += 1
      var entries: [(CELExpression, CELExpression)] = []
      while !takes("}") {
        let key = try choice()
        try expect(":")
        entries.append((key, try choice()))
        if takes(",") { continue }
        try expect("}")
        break
      }
      return made(.map(entries))
    default: throw unexpected()
    }
  }

  private mutating func named(_ name: String) throws(CELError) -> CELExpression {
    let start = offset
    func made(_ node: CELExpression.Node) -> CELExpression { CELExpression(node: node, offset: start) }
    guard !Self.reserved.contains(name), name != "in" else {
      throw CELError(problem: "reserved identifier: \(name)", offset: start)
    }
    position += 1
    switch name {
    case "true": return made(.literal(.bool(true)))
    case "false": return made(.literal(.bool(false)))
    case "null": return made(.literal(.null))
    default: break
    }
    guard token == .sign("(") else { return made(.name(name)) }
    let arguments = try self.arguments()
    guard name == "has", arguments.count == 1 else { return made(.call(name, target: nil, arguments)) }
    guard case .member(let value, let member) = arguments[0].node else {
      throw CELError(problem: "invalid argument to has() macro", offset: arguments[0].offset)
    }
    return made(.has(value, member))
  }
}
