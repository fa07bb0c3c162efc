import Documents

/// An apply configuration against its kind, as structured-merge-diff reads it: an unknown field is an error here, whatever
/// the request says about validation.
///
/// Source: `sigs.k8s.io/structured-merge-diff/v6/typed/validate.go`.
struct TypedObject {
  private var problems: [String] = []

  /// - Throws: the error that a real server has no status for: 500, without a reason.
  static func check(_ object: JSON, _ definition: ResourceDefinition, _ version: String) throws(StatusError) {
    var typed = TypedObject()
    let rules = MergeRules(definition, version: version)
    if let type = BuiltInFields.all.type(of: definition.kind), definition.custom == nil {
      typed.check(object, .object(type), rules, at: "")
    } else if let schema = definition.custom?.schema(version) {
      typed.check(object, schema: schema, rules, at: "", isRoot: true)
    }
    guard let first = typed.problems.first else { return }
    let (group, metadata) = (definition.name.group, object["metadata"] ?? [:])
    let place = "\(metadata["namespace"]?.string ?? "")/\(metadata["name"]?.string ?? "")"
    let text = typed.problems.count == 1 ? first : "errors:\n" + typed.problems.map { "  \($0)\n" }.joined()
    throw StatusError(
      500, "",
      "failed to create typed patch object (\(place); \(group.isEmpty ? "" : group)/\(version), "
        + "Kind=\(definition.kind)): \(text)")
  }

  private mutating func check(_ value: JSON, _ type: FieldType, _ rules: MergeRules, at path: String) {
    switch (type, value) {
    case (_, .null), (.anything, _), (.text, .string), (.time, .string), (.truth, .bool), (.integer, .integer),
      (.number, .integer), (.number, .number), (.quantity, .string), (.quantity, .integer), (.quantity, .number):
      break
    case (.list(let element), .array(let elements)):
      for (place, item) in places(of: elements, rules, at: path) { check(item, element, rules.element, at: place) }
    case (.map(let element), .object(let members)):
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        check(member, element, rules.member(key), at: "\(path).\(key)")
      }
    case (.object(let name), .object(let members)):
      let fields = BuiltInFields.all.fields(of: name)
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        if let field = fields[key] {
          check(member, field, rules.member(key), at: "\(path).\(key)")
        } else {
          problems.append("\(path).\(key): field not declared in schema")
        }
      }
    default: problems.append("\(path): expected \(Self.word(type)), got \(value.text)")
    }
  }

  private static func word(_ type: FieldType) -> String {
    switch type {
    case .integer, .number: "numeric (int or float)"
    case .truth: "boolean"
    case .list: "list"
    case .map, .object: "map"
    default: "string"
    }
  }

  private mutating func check(
    _ value: JSON, schema: JSON, _ rules: MergeRules, at path: String, isRoot: Bool = false
  ) {
    switch value {
    case .object(let members):
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        let place = "\(path).\(key)"
        if isRoot, ["apiVersion", "kind"].contains(key) { continue }
        if isRoot, key == "metadata" {
          check(member, .object("ObjectMeta"), rules.member(key), at: place)
        } else if let declared = StructuralSchema.member(key, schema) {
          check(member, schema: declared, rules.member(key), at: place)
        } else if schema["x-kubernetes-preserve-unknown-fields"] != true {
          problems.append("\(place): field not declared in schema")
        }
      }
    case .array(let elements):
      guard let items = schema["items"] else { return }
      for (place, item) in places(of: elements, rules, at: path) {
        check(item, schema: items, rules.element, at: place)
      }
    default: break
    }
  }

  /// The elements of a list with their paths; those of maps in disguise by their keys.
  private mutating func places(of elements: [JSON], _ rules: MergeRules, at path: String) -> [(String, JSON)] {
    guard case .map(let keys) = rules.list else {
      if rules.list == .set {
        var seen: Set<JSON> = []
        for element in elements where !seen.insert(element).inserted {
          problems.append("\(path): duplicate entries for key [=\(element.text)]")
        }
      }
      return elements.enumerated().map { ("\(path)[\($0)]", $1) }
    }
    var seen: Set<String> = []
    return elements.enumerated().map { index, element in
      for key in keys where element[key] == nil && rules.defaultKey(key) == nil {
        problems.append(
          "\(path): element \(index): associative list with keys has an element that omits key field "
            + "\"\(key)\" (and doesn't have default value)")
      }
      let key = FieldSet.text(of: rules.key(of: element, keys))
      if !seen.insert(key).inserted { problems.append("\(path): duplicate entries for key \(key)") }
      return (path + key, element)
    }
  }
}
