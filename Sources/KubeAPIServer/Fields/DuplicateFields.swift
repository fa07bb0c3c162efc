/// Finds keys that an object of a JSON text has twice: the last one counts, and strict validation refuses them.
struct DuplicateFields {
  private struct Level {
    /// Nil for a list.
    var keys: Set<String>?
    var key = ""
    var index = 0
  }

  /// The paths of the second and later ones, `spec.containers[0].name`; the text has been parsed before.
  static func paths(in json: [UInt8]) -> [String] {
    var levels: [Level] = []
    var found: [String] = []
    var index = 0
    func path() -> String {
      levels.reduce("") { path, level in
        level.keys == nil ? "\(path)[\(level.index)]" : path.isEmpty ? level.key : "\(path).\(level.key)"
      }
    }
    while index < json.count {
      switch json[index] {
      case UInt8(ascii: "{"): levels.append(Level(keys: []))
      case UInt8(ascii: "["): levels.append(Level())
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = levels.popLast()
      case UInt8(ascii: ","): if levels.last?.keys == nil, !levels.isEmpty { levels[levels.count - 1].index += 1 }
      case UInt8(ascii: "\""):
        let start = index + 1
        index = start
        while index < json.count, json[index] != UInt8(ascii: "\"") {
          index += json[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < json.count else { return found }
        let next = json[(index + 1)...].first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        guard next == UInt8(ascii: ":"), !levels.isEmpty else { break }
        let key = String(decoding: json[start..<index], as: UTF8.self)
        levels[levels.count - 1].key = key
        if levels[levels.count - 1].keys?.insert(key).inserted == false { found.append(path()) }
      default: break
      }
      index += 1
    }
    return found
  }
}
