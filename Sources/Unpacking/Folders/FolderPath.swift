import Glibc

/// Paths of a layer: bytes without a leading slash; the root is empty.
enum FolderPath {
  static let slash = UInt8(ascii: "/")

  /// The path without `.`, `..` and doubled slashes, as Go's `filepath.Clean` makes it of an absolute one: nothing is
  /// above the root.
  static func clean(_ path: some Collection<UInt8>) -> [UInt8] {
    var parts: [ArraySlice<UInt8>] = []
    for part in Array(path).split(separator: slash) {
      switch part.count {
      case 1 where part.first == UInt8(ascii: "."): continue
      case 2 where part.allSatisfy { $0 == UInt8(ascii: ".") }: _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return Array(parts.joined(separator: CollectionOfOne(slash)))
  }

  /// The folder that a clean path lies in, and its name there.
  static func split(_ path: [UInt8]) -> (parent: [UInt8], name: [UInt8]) {
    guard let last = path.lastIndex(of: slash) else { return ([], path) }
    return (Array(path[..<last]), Array(path[(last + 1)...]))
  }

  static func join(_ folder: [UInt8], _ name: some Collection<UInt8>) -> [UInt8] {
    folder.isEmpty ? Array(name) : folder + [slash] + name
  }

  static func isInside(_ path: [UInt8], _ folder: [UInt8]) -> Bool {
    folder.isEmpty
      ? !path.isEmpty : path.count > folder.count && path[folder.count] == slash && path.starts(with: folder)
  }

  /// As C's functions take it.
  static func c(_ name: some Collection<UInt8>) -> [CChar] {
    var text = name.map { CChar(bitPattern: $0) }
    text.append(0)
    return text
  }
}
