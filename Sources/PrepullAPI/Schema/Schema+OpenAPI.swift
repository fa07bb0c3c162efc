package import Documents

extension Schema {
  /// As a structural schema of a CustomResourceDefinition.
  package var openAPI: JSON {
    // kubectl explain shows no defaults.
    let note = standard.map { " Defaults to `\($0.string ?? $0.text)`." } ?? ""
    var json: JSON = ["description": .string(description + note)]
    json["default"] = standard
    switch shape {
    case .object(let fields):
      json["type"] = "object"
      json["properties"] = .object(Dictionary(fields.map { ($0.name, $0.schema.openAPI) }) { first, _ in first })
      let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
      if !required.isEmpty { json["required"] = .array(required) }
    case .map(let value):
      json["type"] = "object"
      json["additionalProperties"] = value.openAPI
    case .list(let element, let kind, let limit):
      json["type"] = "array"
      json["items"] = element.openAPI
      json["maxItems"] = limit.map { .integer(Int64($0)) }
      switch kind {
      case .atomic: json["x-kubernetes-list-type"] = "atomic"
      case .set: json["x-kubernetes-list-type"] = "set"
      case .map(let keys):
        json["x-kubernetes-list-type"] = "map"
        json["x-kubernetes-list-map-keys"] = .array(keys.map(JSON.string))
      }
    case .text(let limit):
      json["type"] = "string"
      json["maxLength"] = limit.map { .integer(Int64($0)) }
    case .duration:
      json["type"] = "string"
      json["maxLength"] = 32
    case .choice(let values):
      json["type"] = "string"
      json["enum"] = .array(values.map(JSON.string))
    case .time:
      json["type"] = "string"
      json["format"] = "date-time"
    case .integer(let least, let bits):
      json["type"] = "integer"
      json["format"] = .string("int\(bits)")
      json["minimum"] = least.map(JSON.integer)
    case .number: json["type"] = "number"
    case .boolean: json["type"] = "boolean"
    case .intOrString: json["x-kubernetes-int-or-string"] = true
    }
    if !rules.isEmpty { json["x-kubernetes-validations"] = .array(rules.map(\.json)) }
    return json
  }
}

extension Schema.Rule {
  fileprivate var json: JSON {
    var json: JSON = ["rule": .string(expression), "message": .string(message)]
    json["fieldPath"] = fieldPath.map(JSON.string)
    json["reason"] = reason.map(JSON.string)
    return json
  }
}
