import CUnpacking
import Crypto
import Foundation
import Glibc

/// All that is in a folder, a line for each file: to be compared with another one.
enum FolderListing {
  /// Lines "path type mode owner …", sorted. Times count only where somebody set them: those of this year are left out.
  static func lines(of folder: String) throws -> [String] {
    var seen: [ino_t: [UInt8]] = [:]
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

  private static func line(_ path: [UInt8], in folder: String, _ seen: inout [ino_t: [UInt8]]) throws -> String {
    let full = bytes(folder, path)
    var status = stat()
    guard lstat(full, &status) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    var words = ["/" + shown(path)]
    switch status.st_mode & S_IFMT {
    case S_IFDIR: words.append("folder")
    case S_IFREG: words += ["file", "\(status.st_size)", try digest(full)]
    case S_IFLNK:
      var target = [CChar](repeating: 0, count: 5000)
      let length = readlink(full, &target, target.count)
      words += ["link", shown(target[..<max(0, length)].map { UInt8(bitPattern: $0) })]
    case S_IFIFO: words.append("fifo")
    case S_IFCHR: words += ["character", "\(status.st_rdev)"]
    case S_IFBLK: words += ["block", "\(status.st_rdev)"]
    default: words.append("other")
    }
    words += [String(status.st_mode & 0o7777, radix: 8), "\(status.st_uid):\(status.st_gid)"]
    // Of the root, the snapshotter sets the time.
    if status.st_mtim.tv_sec < 1_790_000_000, !path.isEmpty {
      words.append("\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)")
    }
    words += try attributes(full)
    if status.st_mode & S_IFMT != S_IFDIR, status.st_nlink > 1 {
      if let first = seen[status.st_ino] { words.append("same as /\(shown(first))") }
      seen[status.st_ino] = seen[status.st_ino] ?? path
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
