import Documents

/// The part of kubectl's JSONPath that printer columns use: `.a.b`, `['a.b']`, `[0]`, `[*]`, `[?(@.type=="Ready")]`.
struct JSONPath: Sendable {
  private enum Step: Sendable {
    case member(String)
    case index(Int)
    case all
    case filter(path: [String], value: String)
  }

  private var steps: [Step] = []

  init(_ text: String) {
    var rest = text[...]
    if rest.hasPrefix("{"), rest.hasSuffix("}") { rest = rest.dropFirst().dropLast() }
    if rest.first == "$" { rest.removeFirst() }
    while let first = rest.first {
      if first == "." {
        rest.removeFirst()
        var name = ""
        while let character = rest.first, character != ".", character != "[" {
          rest.removeFirst()
          if character == "\\", let next = rest.popFirst() { name.append(next) } else { name.append(character) }
        }
        if name == "*" { steps.append(.all) } else if !name.isEmpty { steps.append(.member(name)) }
      } else if first == "[", let end = rest.firstIndex(of: "]") {
        steps.append(Self.step(rest[rest.index(after: rest.startIndex)..<end]))
        rest = rest[rest.index(after: end)...]
      } else {
        return
      }
    }
  }

  private static func step(_ text: Substring) -> Step {
    if text == "*" { return .all }
    if let index = Int(text) { return .index(index) }
    if let match = text.wholeMatch(of: /\?\(@\.([^=]+?)\s*==\s*["'](.*)["']\)/) {
      return .filter(path: match.1.split(separator: ".").map(String.init), value: String(match.2))
    }
    return .member(text.trimmingCharacters { $0 == "'" || $0 == "\"" })
  }

  func values(in object: JSON) -> [JSON] {
    steps.reduce([object]) { values, step in
      values.flatMap { value -> [JSON] in
        switch step {
        case .member(let name): value[name].map { [$0] } ?? []
        case .index(let index):
          if let elements = value.array,
            let element = elements.dropFirst(index < 0 ? elements.count + index : index).first
          {
            [element]
          } else {
            []
          }
        case .all: value.array ?? value.object.map { Array($0.values) } ?? []
        case .filter(let path, let wanted):
          (value.array ?? []).filter { element in
            let found = element[path: path[...]]
            return (found?.string ?? found?.text) == wanted
          }
        }
      }
    }
  }
}

extension Substring {
  fileprivate func trimmingCharacters(_ isTrimmed: (Character) -> Bool) -> String {
    String(drop(while: isTrimmed).reversed().drop(while: isTrimmed).reversed())
  }
}
