import CTOML
import Documents

/// A value of TOML.
enum TOMLValue {
  case table(TOMLTable)
  case array([TOMLValue])
  case text(String)
  case truth(Bool)
  /// Numbers and dates, which mean nothing here.
  case other

  /// A text, or several in an array.
  func texts(of name: String) throws(HostsFault) -> [String] {
    switch self {
    case .text(let text): return [text]
    case .array(let values):
      var texts: [String] = []
      for value in values {
        guard case .text(let text) = value else { throw HostsFault(detail: "\(name) is no text or array of texts") }
        texts.append(text)
      }
      return texts
    case .table, .truth, .other: throw HostsFault(detail: "\(name) is no text or array of texts")
    }
  }
}

/// A table of TOML, in the order of the text.
struct TOMLTable {
  struct Member {
    let name: String
    let value: TOMLValue
  }

  let members: [Member]

  subscript(name: String) -> TOMLValue? { members.first { $0.name == name }?.value }

  func text(_ name: String) throws(HostsFault) -> String? {
    guard let value = self[name] else { return nil }
    guard case .text(let text) = value else { throw HostsFault(detail: "\(name) is no text") }
    return text
  }

  func truth(_ name: String) throws(HostsFault) -> Bool? {
    guard let value = self[name] else { return nil }
    guard case .truth(let truth) = value else { throw HostsFault(detail: "\(name) is neither true nor false") }
    return truth
  }

  func texts(_ name: String) throws(HostsFault) -> [String] { try self[name]?.texts(of: name) ?? [] }

  func table(_ name: String) throws(HostsFault) -> TOMLTable? {
    guard let value = self[name] else { return nil }
    guard case .table(let table) = value else { throw HostsFault(detail: "\(name) is no table") }
    return table
  }

  /// Files of certificate and key: one text or several, each with both, or an array of pairs.
  func pairs(_ name: String) throws(HostsFault) -> [(String, String)] {
    guard case .array(let values) = self[name] else { return try texts(name).map { ($0, $0) } }
    var pairs: [(String, String)] = []
    for value in values {
      let texts = try value.texts(of: name)
      guard let first = texts.first, texts.count <= 2 else { throw HostsFault(detail: "\(name) has no pairs of files") }
      let key = texts.count == 2 && !texts[1].isEmpty ? texts[1] : first
      pairs.append((first, key))
    }
    return pairs
  }
}

extension TOMLTable {
  /// By toml++.
  init(parsing text: String) throws(HostsFault) {
    var text = text
    let json = text.withUTF8 { bytes -> String? in
      let result = bytes.withMemoryRebound(to: CChar.self) { ctoml_json($0.baseAddress, $0.count) }
      defer { ctoml_free(result) }
      return result.map { String(cString: $0) }
    }
    guard let json else { throw HostsFault(detail: "there is no memory to read it") }
    if json.hasPrefix("!") { throw HostsFault(detail: String(json.dropFirst())) }
    guard let document = try? JSON(parsing: json), case .table(let table) = Self.value(document) else {
      throw HostsFault(detail: "it is no TOML")
    }
    self = table
  }

  private static func value(_ json: JSON) -> TOMLValue {
    if let members = json["table"]?.array {
      return .table(
        TOMLTable(
          members: members.compactMap { pair in
            guard let pair = pair.array, pair.count == 2, let name = pair[0].string else { return nil }
            return Member(name: name, value: value(pair[1]))
          }))
    }
    if let values = json.array { return .array(values.map(value)) }
    if let text = json.string { return .text(text) }
    return json.bool.map(TOMLValue.truth) ?? .other
  }
}
