/// Finds task-local values in a source text.
enum TaskLocals {
  /// Whether one of them is declared as a closure, or with one directly in its type.
  static func holdClosure(_ source: String) -> Bool {
    let closures = aliases(in: source)
    return source.matches(of: /@TaskLocal\b/).contains { match in
      let declaration = declaration(in: source[match.range.upperBound...])
      return declaration.contains("->") || declaration.contains(#/=\s*\{/#)
        || declaration.matches(of: /\w+/).contains { closures.contains(String($0.output)) }
    }
  }

  /// A declaration to its end: the first line's end with no bracket open and the name behind it.
  private static func declaration(in rest: Substring) -> Substring {
    var depth = 0
    var isNamed = false
    for index in rest.indices {
      switch rest[index] {
      case "(", "[", "<", "{": depth += 1
      case ")", "]", "}": depth -= 1
      case ">" where rest[..<index].last != "-": depth -= 1
      case ":", "=": isNamed = true
      case "\n" where depth <= 0 && isNamed: return rest[..<index]
      default: break
      }
    }
    return rest
  }

  /// Other names of closures.
  private static func aliases(in source: String) -> Set<String> {
    Set(source.matches(of: /typealias\s+(\w+)[^=\n]*=[^\n]*->/).map { String($0.1) })
  }
}
