import Documents

/// A JSON patch (RFC 6902), applied as the API server does: all or nothing.
enum JSONPatch {
  static func apply(_ patch: JSON, to document: JSON) throws(StatusError) -> JSON {
    guard let operations = patch.array else {
      throw .badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    }
    var document = document
    for operation in operations { try apply(operation, to: &document) }
    return document
  }

  private static func apply(_ operation: JSON, to document: inout JSON) throws(StatusError) {
    let path = try pointer(operation["path"])
    switch operation["op"]?.string {
    case "add": try add(operation["value"] ?? .null, at: path[...], to: &document)
    case "remove": try remove(at: path[...], from: &document)
    case "replace":
      guard value(at: path, in: document) != nil else { throw unprocessable("replace", path) }
      try remove(at: path[...], from: &document)
      try add(operation["value"] ?? .null, at: path[...], to: &document)
    case "move", "copy":
      let from = try pointer(operation["from"])
      guard let moved = value(at: from, in: document) else { throw unprocessable("move", from) }
      if operation["op"] == "move" { try remove(at: from[...], from: &document) }
      try add(moved, at: path[...], to: &document)
    case "test":
      guard (value(at: path, in: document) ?? .null) == (operation["value"] ?? .null) else {
        throw StatusError(
          422, "Invalid", "the server rejected our request due to an error in our request",
          details: ["causes": [["message": .string("testing value /\(path.joined(separator: "/")) failed")]]])
      }
    default: throw .badRequest("Unexpected kind: \(operation["op"]?.string ?? "")")
    }
  }

  private static func unprocessable(_ operation: String, _ path: [String]) -> StatusError {
    StatusError(
      422, "Invalid",
      "the server rejected our request due to an error in our request: \(operation) operation does not apply: doc is "
        + "missing key: /\(path.joined(separator: "/"))", details: [:])
  }

  private static func pointer(_ text: JSON?) throws(StatusError) -> [String] {
    guard let text = text?.string else { throw .badRequest("a JSON patch operation has no path") }
    if text.isEmpty { return [] }
    let parts: [Substring] = Substring(text).dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    return parts.map { part -> String in
      var token = ""
      var rest = part
      while let character = rest.popFirst() {
        if character == "~", let next = rest.first, next == "0" || next == "1" {
          rest.removeFirst()
          token.append(next == "0" ? "~" : "/")
        } else {
          token.append(character)
        }
      }
      return token
    }
  }

  private static func value(at path: [String], in document: JSON) -> JSON? {
    path.reduce(JSON?.some(document)) { value, token in
      switch value {
      case .object(let members): members[token]
      case .array(let elements): Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      default: nil
      }
    }
  }

  private static func add(_ value: JSON, at path: ArraySlice<String>, to document: inout JSON) throws(StatusError) {
    guard let token = path.first else {
      document = value
      return
    }
    switch document {
    case .object(var members):
      if path.count == 1 {
        members[token] = value
      } else {
        guard var child = members[token] else { throw unprocessable("add", Array(path)) }
        try add(value, at: path.dropFirst(), to: &child)
        members[token] = child
      }
      document = .object(members)
    case .array(var elements):
      if path.count == 1 {
        guard let index = token == "-" ? elements.count : Int(token), (0...elements.count).contains(index) else {
          throw unprocessable("add", Array(path))
        }
        elements.insert(value, at: index)
      } else {
        guard let index = Int(token), elements.indices.contains(index) else {
          throw unprocessable("add", Array(path))
        }
        try add(value, at: path.dropFirst(), to: &elements[index])
      }
      document = .array(elements)
    default: throw unprocessable("add", Array(path))
    }
  }

  private static func remove(at path: ArraySlice<String>, from document: inout JSON) throws(StatusError) {
    guard let token = path.first else { throw unprocessable("remove", []) }
    switch document {
    case .object(var members):
      guard var child = members[token] else { throw unprocessable("remove", Array(path)) }
      if path.count == 1 {
        members[token] = nil
      } else {
        try remove(at: path.dropFirst(), from: &child)
        members[token] = child
      }
      document = .object(members)
    case .array(var elements):
      guard let index = Int(token), elements.indices.contains(index) else {
        throw unprocessable("remove", Array(path))
      }
      if path.count == 1 {
        elements.remove(at: index)
      } else {
        try remove(at: path.dropFirst(), from: &elements[index])
      }
      document = .array(elements)
    default: throw unprocessable("remove", Array(path))
    }
  }
}
