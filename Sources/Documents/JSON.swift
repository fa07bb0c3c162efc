/// Any JSON value: for documents whose unknown fields must survive, and whose shape is known only at run time.
package enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits: it never turns into a rounded one.
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
}

extension JSON {
  /// The member of an object, nil elsewhere. Setting it makes an object of `null`, and does nothing on other values.
  package subscript(key: String) -> JSON? {
    get {
      guard case .object(let members) = self else { return nil }
      return members[key]
    }
    set {
      switch self {
      case .object(var members):
        // Give up this reference first, or the dictionary is copied on each write.
        self = .null
        members[key] = newValue
        self = .object(members)
      case .null: if let newValue { self = .object([key: newValue]) }
      default: break
      }
    }
  }

  /// The value under a path of members. Setting it makes the objects on the way.
  package subscript(path path: String...) -> JSON? {
    get { self[path: path[...]] }
    set { self[path: path[...]] = newValue }
  }

  package subscript(path path: ArraySlice<String>) -> JSON? {
    get { path.reduce(JSON?.some(self)) { $0?[$1] } }
    set {
      guard let first = path.first else {
        self = newValue ?? .null
        return
      }
      if path.count == 1 {
        self[first] = newValue
        return
      }
      var child = self[first] ?? .null
      if newValue == nil, child == .null { return }
      self[first] = .null
      child[path: path.dropFirst()] = newValue
      self[first] = child
    }
  }

  /// The member of an object, under its key in any case where the right one is not there, as Go's decoder takes it.
  package func member(_ key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members[key] ?? members.filter { $0.key.lowercased() == key.lowercased() }.min { $0.key < $1.key }?.value
  }

  package var isNull: Bool { self == .null }

  package var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  package var integer: Int64? {
    guard case .integer(let value) = self else { return nil }
    return value
  }

  /// The number, integers included.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var string: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  package var array: [JSON]? {
    guard case .array(let value) = self else { return nil }
    return value
  }

  package var object: [String: JSON]? {
    guard case .object(let value) = self else { return nil }
    return value
  }
}

// Not by nil: `condition ? value : nil` would be a null where it is meant to be nothing.
extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// The last of equal keys wins.
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
}
