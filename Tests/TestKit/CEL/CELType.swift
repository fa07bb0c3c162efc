import Documents

/// What is known of a value before it is there.
indirect enum CELType: Hashable, Sendable {
  case dyn
  case null
  case bool
  case int
  case uint
  case double
  case string
  case duration
  case timestamp
  case type
  case list(CELType)
  case map(CELType)
  /// With its declared members, under their escaped names.
  case object([String: CELType])

  /// Names that stand for a type.
  static let names: Set<String> = [
    "bool", "int", "uint", "double", "string", "list", "map", "null_type", "type", "bytes",
  ]

  /// Of a field's values; nil where the schema says too little, and rules cannot reach.
  init?(_ schema: JSON, isRoot: Bool = false) {
    if schema["x-kubernetes-int-or-string"] == true {
      self = .dyn
      return
    }
    switch schema["type"] {
    case "boolean": self = .bool
    case "integer": self = .int
    case "number": self = .double
    case "string":
      switch schema["format"] {
      case "date-time", "date": self = .timestamp
      case "duration": self = .duration
      default: self = .string
      }
    case "array":
      guard let element = schema["items"].flatMap({ CELType($0) }) else { return nil }
      self = .list(element)
    case "object":
      if let others = schema["additionalProperties"] {
        guard others.object != nil, let value = CELType(others) else { return nil }
        self = .map(value)
        return
      }
      var members: [String: CELType] = [:]
      for (name, content) in schema["properties"]?.object ?? [:] {
        if let name = Self.escaped(name), let type = CELType(content) { members[name] = type }
      }
      if isRoot || schema["x-kubernetes-embedded-resource"] == true {
        members["apiVersion"] = .string
        members["kind"] = .string
        members["metadata"] = .object(["name": .string, "generateName": .string])
      }
      self = .object(members)
    default: return nil
    }
  }

  private static let keywords: Set<String> = [
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
    "loop", "package", "namespace", "return", "var", "void", "while",
  ]

  /// How a rule writes the name of a field; nil when it cannot.
  ///
  /// Source: the API conventions of `x-kubernetes-validations`.
  static func escaped(_ name: String) -> String? {
    if keywords.contains(name) { return "__\(name)__" }
    guard let first = name.first, first.isASCII, first.isLetter || first == "_" else { return nil }
    var text = ""
    for character in name.replacing("__", with: "\u{0}") {
      switch character {
      case "\u{0}": text += "__underscores__"
      case ".": text += "__dot__"
      case "-": text += "__dash__"
      case "/": text += "__slash__"
      case _ where character.isASCII && (character.isLetter || character.isNumber || character == "_"):
        text.append(character)
      default: return nil
      }
    }
    return text
  }

  /// Whether a value of this type may be one of the other.
  func fits(_ other: CELType) -> Bool {
    switch (self, other) {
    case (.dyn, _), (_, .dyn): true
    case (.list(let a), .list(let b)), (.map(let a), .map(let b)): a.fits(b)
    case (.map(let a), .object(let members)), (.object(let members), .map(let a)): members.values.allSatisfy(a.fits)
    case (.null, .object), (.object, .null), (.null, .list), (.list, .null), (.null, .map), (.map, .null): true
    default: self == other
    }
  }

  var name: String {
    switch self {
    case .dyn: "dyn"
    case .null: "null"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .duration: "google.protobuf.Duration"
    case .timestamp: "google.protobuf.Timestamp"
    case .type: "type"
    case .list(let element): "list(\(element.name))"
    case .map(let value): "map(string, \(value.name))"
    case .object: "object"
    }
  }
}
