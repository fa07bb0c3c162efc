import CUnpacking
import struct Crypto.SHA256
import Foundation
import Glibc
import SystemPackage

/// All that is in a folder, a line for each file: to be compared with another one.
enum FolderListing {
  /// Lines "path type mode owner …", sorted. Times count only where somebody set them: those of this year are left out.
  static func lines(of folder: String) throws -> [String] {
    var seen: [Inode: [UInt8]] = [:]
    var lines = [try line([], in: folder, &seen)]
    var folders: [[UInt8]] = [[]]
    while let next = folders.popLast() {
      for name in try names(in: bytes(folder, next)) {
        let path = next.isEmpty ? name : next + [0x2f] + name
        let line = try line(path, in: folder, &seen)
        lines.append(line)
        if line.contains(" folder ") { folders.append(path) }
      }
    }
    return lines.sorted()
  }

  private static func bytes(_ folder: String, _ path: [UInt8]) -> [CChar] {
    (Array(folder.utf8) + [0x2f] + path + [0]).map { CChar(bitPattern: $0) }
  }

  private static func names(in folder: [CChar]) throws -> [[UInt8]] {
    guard let stream = opendir(folder) else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
      let start = UnsafeRawPointer(entry) + (MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
      let length = strlen(start.assumingMemoryBound(to: CChar.self))
      let name = Array(UnsafeRawBufferPointer(start: start, count: length))
      if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func line(_ path: [UInt8], in folder: String, _ seen: inout [Inode: [UInt8]]) throws -> String {
    let full = bytes(folder, path)
    let status = try Stat(full, followTargetSymlink: false)
    var words = ["/" + shown(path)]
    switch status.type {
    case .directory: words.append("folder")
    case .regular: words += ["file", "\(status.size)", try digest(full)]
    case .symbolicLink:
      var target = [CChar](repeating: 0, count: 5000)
      let length = readlink(full, &target, target.count)
      words += ["link", shown(target[..<max(0, length)].map { UInt8(bitPattern: $0) })]
    case .fifo: words.append("fifo")
    case .characterSpecial: words += ["character", "\(status.specialDeviceID.rawValue)"]
    case .blockSpecial: words += ["block", "\(status.specialDeviceID.rawValue)"]
    default: words.append("other")
    }
    words += [
      String(status.permissions.rawValue & 0o7777, radix: 8), "\(status.userID.rawValue):\(status.groupID.rawValue)",
    ]
    let time = withUnsafeBytes(of: status.st_mtim) { ($0.load(as: Int.self), $0.load(fromByteOffset: 8, as: Int.self)) }
    // Of the root, the snapshotter sets the time.
    if time.0 < 1_790_000_000, !path.isEmpty { words.append("\(time.0).\(time.1)") }
    words += try attributes(full)
    if status.type != .directory, status.linkCount > 1 {
      if let first = seen[status.inode] { words.append("same as /\(shown(first))") }
      seen[status.inode] = seen[status.inode] ?? path
    }
    return words.joined(separator: " ")
  }

  private static func digest(_ path: [CChar]) throws -> String {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    defer { close(file) }
    var hash = SHA256()
    var block = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(file, &block, block.count)
      guard count > 0 else { break }
      hash.update(data: block[..<count])
    }
    return hash.finalize().prefix(8).map { String($0, radix: 16) }.joined()
  }

  private static func attributes(_ path: [CChar]) throws -> [String] {
    var list = [CChar](repeating: 0, count: 64 << 10)
    let size = llistxattr(path, &list, list.count)
    guard size > 0 else { return [] }
    return list[..<size].split(separator: 0).map { name in
      let name = Array(name) + [0]
      var value = [UInt8](repeating: 0, count: 64 << 10)
      let length = lgetxattr(path, name, &value, value.count)
      return "\(shown(name.dropLast().map { UInt8(bitPattern: $0) }))=\(shown(Array(value[..<max(0, length)])))"
    }.sorted()
  }

  /// Printable ASCII as it is, all else as its number.
  static func shown(_ bytes: [UInt8]) -> String {
    bytes.map { (0x21..<0x7f).contains($0) ? String(UnicodeScalar($0)) : "%" + String($0, radix: 16) }.joined()
  }
}
