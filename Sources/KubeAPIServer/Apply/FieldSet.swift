import Documents

/// A set of fields of an object, as `metadata.managedFields[].fieldsV1` writes it: `f:name`, `k:{"name":"x"}`, `v:"x"`.
struct FieldSet: Hashable, Sendable {
  /// Whether the field itself belongs to the set, not only what is below it.
  var isMember = false
  var children: [String: FieldSet] = [:]

  var isEmpty: Bool { !isMember && children.isEmpty }

  static let member = FieldSet(isMember: true)

  init(isMember: Bool = false, children: [String: FieldSet] = [:]) {
    self.isMember = isMember
    self.children = children
  }

  // MARK: fieldsV1

  init(fieldsV1 json: JSON) {
    for (key, value) in json.object ?? [:] {
      if key == "." {
        isMember = true
      } else if value.object?.isEmpty == true {
        children[key] = .member
      } else {
        children[key] = FieldSet(fieldsV1: value)
      }
    }
  }

  var fieldsV1: JSON {
    var members: [String: JSON] = [:]
    if isMember, !children.isEmpty { members["."] = [:] }
    for (key, child) in children where !child.isEmpty { members[key] = child.fieldsV1 }
    return .object(members)
  }

  // MARK: Sets

  func union(_ other: FieldSet) -> FieldSet {
    FieldSet(
      isMember: isMember || other.isMember,
      children: children.merging(other.children) { $0.union($1) })
  }

  func subtracting(_ other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && !other.isMember)
    for (key, child) in children {
      let rest = other.children[key].map { child.subtracting($0) } ?? child
      if !rest.isEmpty { result.children[key] = rest }
    }
    return result
  }

  /// Without what is below these members of the object.
  func without(_ members: Set<String>) -> FieldSet {
    if members.isEmpty { return self }
    return FieldSet(isMember: isMember, children: children.filter { !members.contains(String($0.key.dropFirst(2))) })
  }

  func intersection(_ other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && other.isMember)
    for (key, child) in children {
      guard let rest = other.children[key].map({ child.intersection($0) }), !rest.isEmpty else { continue }
      result.children[key] = rest
    }
    return result
  }

  /// The fields as messages name them: `.spec.containers[name="main"].image`.
  func paths(_ prefix: String = "") -> [String] {
    var paths = isMember ? [prefix] : []
    for (key, child) in children.sorted(by: { $0.key < $1.key }) {
      paths += child.paths(prefix + Self.text(of: key))
    }
    return paths
  }

  static func text(of key: String) -> String {
    if key.hasPrefix("f:") { return "." + key.dropFirst(2) }
    guard key.hasPrefix("k:"), let keys = try? JSON(parsing: String(key.dropFirst(2))) else {
      return "[=\(key.dropFirst(2))]"
    }
    let parts = (keys.object ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
    return "[\(parts.joined(separator: ","))]"
  }
}
