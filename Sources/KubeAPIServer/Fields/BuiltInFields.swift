import Documents

/// Objects of the built-in kinds against the Go types of the API: what a decoder refuses, and what it does not know.
struct BuiltInFields: Sendable {
  static let all = BuiltInFields(BuiltInFieldTable.text + "\n" + BuiltInFieldTable.admission)

  /// A value that does not fit its field, in the words of Go's decoder.
  struct Mismatch: Error {
    let message: String

    /// - Parameters:
    ///   - place: the fields of structs on the way, without indexes and keys.
    ///   - owner: the innermost struct.
    init(_ value: JSON, at place: [String], _ type: FieldType, of owner: String) {
      message =
        "json: cannot unmarshal \(value.goKind) into Go struct field \(owner).\(place.joined(separator: ".")) of type "
        + type.goName
    }

    /// Text that is no time.
    init(_ text: String, isMicro: Bool) {
      let layout = isMicro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
      // What a whole second lacks is the fraction, else it is the whole text that cannot be read.
      let rest = isMicro && text.wholeMatch(of: BuiltInFields.wholeSecond) != nil ? ("Z", ".000000") : (text, "2006")
      message = "parsing time \"\(text)\" as \"\(layout)\": cannot parse \"\(rest.0)\" as \"\(rest.1)\""
    }
  }

  private static var wholeSecond: Regex<Substring> { /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/ }
  /// Times of these have six digits behind the point, no more and no less: `metav1.MicroTime`.
  private static let micro: Set<String> = ["acquireTime", "renewTime", "eventTime", "lastObservedTime"]

  private static func isTime(_ text: String, isMicro: Bool) -> Bool {
    let zone = /(?:Z|[+-]\d\d:\d\d)/
    let parts = text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(.+)/)
    guard let parts, parts.2.wholeMatch(of: zone) != nil else { return false }
    return isMicro ? parts.1?.count == 7 : true
  }

  private let types: [String: [String: FieldType]]

  init(_ table: String) {
    var types: [String: [String: FieldType]] = [:]
    var name = ""
    for line in table.split(separator: "\n") {
      var words = line.split(separator: " ")[...]
      if line.first != " " { name = words.popFirst().map(String.init) ?? "" }
      for word in words {
        let parts = word.split(separator: ":", maxSplits: 1)
        types[name, default: [:]][String(parts[0])] = FieldType(parts[1])
      }
    }
    self.types = types
  }

  /// The type of a kind; nil for one that is not in the table.
  func type(of kind: String) -> String? {
    let name = kind == "Event" ? "CoreV1Event" : kind
    return types[name] == nil ? nil : name
  }

  func fields(of type: String) -> [String: FieldType] { types[type] ?? [:] }

  /// Takes out what the type does not have.
  ///
  /// - Returns: the paths of what went, `spec.containers[0].foo`.
  func prune(_ object: inout JSON, as type: String) throws(Mismatch) -> [String] {
    var unknown: [String] = []
    try prune(&object, .object(type), at: "", [], owner: type, &unknown)
    return unknown
  }

  private func prune(
    _ value: inout JSON, _ type: FieldType, at path: String, _ place: [String], owner: String,
    _ unknown: inout [String]
  ) throws(Mismatch) {
    switch (type, value) {
    case (.time, .string(let text)):
      let isMicro = Self.micro.contains(place.last ?? "")
      guard Self.isTime(text, isMicro: isMicro) else { throw Mismatch(text, isMicro: isMicro) }
    case (_, .null), (.anything, _), (.text, .string), (.truth, .bool), (.integer, .integer),
      (.number, .integer), (.number, .number), (.quantity, .string), (.quantity, .integer), (.quantity, .number):
      break
    case (.list(let element), .array(var elements)):
      for index in elements.indices {
        try prune(&elements[index], element, at: "\(path)[\(index)]", place, owner: owner, &unknown)
      }
      value = .array(elements)
    case (.map(let element), .object(var members)):
      for key in members.keys.sorted() {
        var member = members[key] ?? .null
        try prune(&member, element, at: "\(path).\(key)", place, owner: owner, &unknown)
        members[key] = member
      }
      value = .object(members)
    case (.object(let name), .object(var members)):
      let fields = types[name] ?? [:]
      for key in members.keys.sorted() {
        let own = path.isEmpty ? key : "\(path).\(key)"
        guard let field = fields[key] else {
          unknown.append(own)
          members[key] = nil
          continue
        }
        var member = members[key] ?? .null
        try prune(&member, field, at: own, place + [key], owner: name, &unknown)
        members[key] = member
      }
      value = .object(members)
    default: throw Mismatch(value, at: place, type, of: owner)
    }
  }
}

extension JSON {
  /// What Go's decoder calls such a value.
  var goKind: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .integer, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
