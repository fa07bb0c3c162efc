import Documents

/// Objects against the structural schema of a CustomResourceDefinition, with the wording of `apiextensions-apiserver`.
enum StructuralSchema {
  private static let typeFields: Set<String> = ["apiVersion", "kind", "metadata"]

  private static func keeps(_ schema: JSON) -> Bool { schema["x-kubernetes-preserve-unknown-fields"] == true }

  private static func isEmbedded(_ schema: JSON) -> Bool { schema["x-kubernetes-embedded-resource"] == true }

  /// The schema of a member, nil for one that is not declared.
  static func member(_ name: String, _ schema: JSON) -> JSON? {
    if let declared = schema[path: "properties", name] { return declared }
    guard let additional = schema["additionalProperties"] else { return nil }
    return additional.object == nil ? (additional == true ? [:] : nil) : additional
  }

  /// Without the members that the schema does not declare.
  static func pruned(_ value: JSON, _ schema: JSON, isRoot: Bool = false) -> JSON {
    switch value {
    case .object(let members):
      if schema["additionalProperties"] == true { return value }
      var kept: [String: JSON] = [:]
      for (name, content) in members {
        if isRoot || isEmbedded(schema), typeFields.contains(name) {
          kept[name] = content
        } else if let declared = member(name, schema) {
          kept[name] = pruned(content, declared)
        } else if keeps(schema) {
          kept[name] = content
        }
      }
      return .object(kept)
    case .array(let elements):
      guard let items = schema["items"] else { return value }
      return .array(elements.map { pruned($0, items) })
    default: return value
    }
  }

  /// The members that pruning removes.
  static func unknown(_ value: JSON, _ schema: JSON, at path: String, isRoot: Bool = false) -> [String] {
    switch value {
    case .object(let members):
      if schema["additionalProperties"] == true { return [] }
      return members.sorted { $0.key < $1.key }.flatMap { name, content -> [String] in
        let place = path.isEmpty ? name : "\(path).\(name)"
        if isRoot || isEmbedded(schema), typeFields.contains(name) { return [] }
        if let declared = member(name, schema) { return unknown(content, declared, at: place) }
        return keeps(schema) ? [] : [place]
      }
    case .array(let elements):
      guard let items = schema["items"] else { return [] }
      return elements.enumerated().flatMap { unknown($1, items, at: "\(path)[\($0)]") }
    default: return []
    }
  }

  /// With the defaults of what was left out, at every depth that is there.
  static func defaulted(_ value: JSON, _ schema: JSON) -> JSON {
    switch value {
    case .object(var members):
      for (name, declared) in schema["properties"]?.object ?? [:] {
        let isMissing = members[name] == nil || (members[name] == .null && declared["nullable"] != true)
        if isMissing, let standard = declared["default"] { members[name] = standard }
        if members[name] == .null, declared["nullable"] != true { members[name] = nil }
        if let content = members[name] { members[name] = defaulted(content, declared) }
      }
      if let additional = schema["additionalProperties"], additional.object != nil {
        for (name, content) in members where schema[path: "properties", name] == nil {
          members[name] = defaulted(content, additional)
        }
      }
      return .object(members)
    case .array(let elements):
      guard let items = schema["items"] else { return value }
      return .array(elements.map { defaulted($0, items) })
    default: return value
    }
  }

  /// What is wrong with a value; formats are not looked at, rules by `ValidationRules`.
  static func problems(in value: JSON, _ schema: JSON, at path: String, isRoot: Bool = false) -> [FieldProblem] {
    if value == .null, schema["nullable"] == true { return [] }
    if let problem = typeProblem(value, schema, at: path) { return [problem] }
    var problems: [FieldProblem] = []
    if let allowed = schema["enum"]?.array, !allowed.contains(value) {
      problems.append(.unsupported(path, value, allowed.map { $0.string ?? $0.text }))
    }
    switch value {
    case .object(let members): problems += self.problems(inObject: members, schema, at: path, isRoot: isRoot)
    case .array(let elements): problems += self.problems(inArray: elements, schema, at: path)
    case .string(let text): problems += self.problems(inText: text, schema, at: path)
    case .integer, .number: problems += self.problems(inNumber: value, schema, at: path)
    default: break
    }
    return problems + combined(value, schema, at: path)
  }

  private static func typeProblem(_ value: JSON, _ schema: JSON, at path: String) -> FieldProblem? {
    if schema["x-kubernetes-int-or-string"] == true {
      if value.integer != nil || value.string != nil { return nil }
      return .typeInvalid(
        path, .string(name(of: value)), "\(path) in body must be of type integer,string: \"\(name(of: value))\"")
    }
    guard let type = schema["type"]?.string else { return nil }
    let fits =
      switch (type, value) {
      case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("integer", .integer),
        ("number", .integer), ("number", .number):
        true
      case ("integer", .number(let number)): number == number.rounded()
      default: false
      }
    if fits { return nil }
    let found = name(of: value)
    return .typeInvalid(path, .string(found), "\(path) in body must be of type \(type): \"\(found)\"")
  }

  private static func name(of value: JSON) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  private static func problems(
    inObject members: [String: JSON], _ schema: JSON, at path: String, isRoot: Bool
  ) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    for name in (schema["required"]?.array ?? []).compactMap(\.string) where members[name] == nil {
      problems.append(.required(place(name)))
    }
    for (name, content) in members.sorted(by: { $0.key < $1.key }) {
      if isRoot, typeFields.contains(name) { continue }
      guard let declared = member(name, schema) else { continue }
      problems += self.problems(in: content, declared, at: place(name))
    }
    if let limit = schema["maxProperties"]?.integer, members.count > limit {
      problems.append(.tooMany(path, members.count, Int(limit)))
    }
    if let limit = schema["minProperties"]?.integer, members.count < limit {
      problems.append(
        .invalid(path, .integer(Int64(members.count)), "\(path) in body should have at least \(limit) properties"))
    }
    return problems
  }

  private static func problems(inArray elements: [JSON], _ schema: JSON, at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    if let limit = schema["maxItems"]?.integer, elements.count > limit {
      problems.append(.tooMany(path, elements.count, Int(limit)))
    }
    if let limit = schema["minItems"]?.integer, elements.count < limit {
      problems.append(
        .invalid(path, .integer(Int64(elements.count)), "\(path) in body should have at least \(limit) items"))
    }
    if let items = schema["items"] {
      for (index, element) in elements.enumerated() {
        problems += self.problems(in: element, items, at: "\(path)[\(index)]")
      }
    }
    var seen: Set<JSON> = []
    for (index, element) in elements.enumerated() {
      let identity: JSON
      switch schema["x-kubernetes-list-type"] {
      case "set": identity = element
      case "map":
        let keys = (schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
        identity = .object(Dictionary(keys.map { ($0, element[$0] ?? .null) }) { first, _ in first })
      default: continue
      }
      if !seen.insert(identity).inserted { problems.append(.duplicate("\(path)[\(index)]", identity)) }
    }
    return problems
  }

  private static func problems(inText text: String, _ schema: JSON, at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    let length = text.unicodeScalars.count
    if let limit = schema["maxLength"]?.integer, length > limit { problems.append(.tooLong(path, Int(limit))) }
    if let limit = schema["minLength"]?.integer, length < limit {
      problems.append(.invalid(path, .string(text), "\(path) in body should be at least \(limit) chars long"))
    }
    if let pattern = schema["pattern"]?.string, PatternTable.shared.matches(text, pattern) == false {
      problems.append(.invalid(path, .string(text), "\(path) in body should match '\(pattern)'"))
    }
    return problems
  }

  private static func problems(inNumber value: JSON, _ schema: JSON, at path: String) -> [FieldProblem] {
    guard let number = value.number else { return [] }
    var problems: [FieldProblem] = []
    if let limit = schema["minimum"]?.number {
      let isExclusive = schema["exclusiveMinimum"] == true
      if isExclusive ? number <= limit : number < limit {
        problems.append(
          .invalid(
            path, value,
            "\(path) in body should be greater than \(isExclusive ? "" : "or equal to ")\(schema["minimum"]?.text ?? "")"
          ))
      }
    }
    if let limit = schema["maximum"]?.number {
      let isExclusive = schema["exclusiveMaximum"] == true
      if isExclusive ? number >= limit : number > limit {
        problems.append(
          .invalid(
            path, value,
            "\(path) in body should be less than \(isExclusive ? "" : "or equal to ")\(schema["maximum"]?.text ?? "")"))
      }
    }
    return problems
  }

  private static func combined(_ value: JSON, _ schema: JSON, at path: String) -> [FieldProblem] {
    func fits(_ branch: JSON) -> Bool { Self.problems(in: value, branch, at: path, isRoot: path.isEmpty).isEmpty }
    var problems: [FieldProblem] = []
    for branch in schema["allOf"]?.array ?? [] {
      problems += self.problems(in: value, branch, at: path, isRoot: path.isEmpty)
    }
    if let branches = schema["anyOf"]?.array, !branches.contains(where: fits) {
      problems.append(.invalid(path, value, "\"\(path)\" must validate at least one schema (anyOf)"))
    }
    if let branches = schema["oneOf"]?.array, branches.filter(fits).count != 1 {
      problems.append(.invalid(path, value, "\"\(path)\" must validate one and only one schema (oneOf)"))
    }
    if let branch = schema["not"], fits(branch) {
      problems.append(.invalid(path, value, "\"\(path)\" must not validate the schema (not)"))
    }
    return problems
  }
}
