import Documents

/// Rules of ConfigMaps and Secrets.
enum ConfigValidation {
  static let limit = 1 << 20

  static func configMap(_ map: JSON, old: JSON?) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    var total = 0
    for (key, value) in map["data"]?.object ?? [:] {
      if let problem = NameRules.configKeyProblem(key) {
        problems.append(.invalid("data[\(key)]", .string(key), problem))
      }
      if map[path: "binaryData", key] != nil {
        problems.append(.invalid("data[\(key)]", .string(key), "duplicate of key present in binaryData"))
      }
      total += value.string?.utf8.count ?? 0
    }
    for (key, value) in map["binaryData"]?.object ?? [:] {
      if let problem = NameRules.configKeyProblem(key) {
        problems.append(.invalid("binaryData[\(key)]", .string(key), problem))
      }
      guard let count = Base64Text.count(value.string ?? "") else {
        problems.append(.invalid("binaryData[\(key)]", value, "illegal base64 data"))
        continue
      }
      total += count
    }
    if total > limit { problems.append(.tooLong("", limit)) }
    if let old, old["immutable"] == true {
      if map["immutable"] != true {
        problems.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
      }
      for field in ["data", "binaryData"] where old[field] != map[field] {
        problems.append(.forbidden(field, "field is immutable when `immutable` is set"))
      }
    }
    return problems
  }

  static func secret(_ secret: JSON, old: JSON?) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    var total = 0
    for (key, value) in secret["data"]?.object ?? [:] {
      if let problem = NameRules.configKeyProblem(key) {
        problems.append(.invalid("data[\(key)]", .string(key), problem))
      }
      // The value itself is a secret and stays out of the message.
      guard let count = Base64Text.count(value.string ?? "") else {
        problems.append(.invalid("data[\(key)]", "<redacted>", "illegal base64 data"))
        continue
      }
      total += count
    }
    if total > limit { problems.append(.tooLong("data", limit)) }
    if secret["type"] == "kubernetes.io/dockerconfigjson", secret[path: "data", ".dockerconfigjson"] == nil {
      problems.append(.required("data[.dockerconfigjson]"))
    }
    if secret["type"] == "kubernetes.io/dockercfg", secret[path: "data", ".dockercfg"] == nil {
      problems.append(.required("data[.dockercfg]"))
    }
    for (type, key) in [("dockerconfigjson", ".dockerconfigjson"), ("dockercfg", ".dockercfg")]
    where secret["type"]?.string == "kubernetes.io/\(type)" {
      guard let bytes = secret[path: "data", key]?.string.flatMap(Base64Text.decode) else { continue }
      if (try? JSON(parsing: bytes)) == nil {
        problems.append(
          .invalid("data[\(key)]", "<secret contents redacted>", "invalid character looking for beginning of value"))
      }
    }
    if let old, old["type"] != secret["type"] {
      problems.append(.invalid("type", secret["type"] ?? .null, "field is immutable"))
    }
    if let old, old["immutable"] == true, old["data"] != secret["data"] {
      problems.append(.forbidden("data", "field is immutable when `immutable` is set"))
    }
    return problems
  }
}
