package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The names in a folder.
package enum FolderNames {
  package static func of(_ path: FilePath) throws(Errno) -> [String] {
    guard let folder = path.withPlatformString({ opendir($0) }) else { throw Errno(rawValue: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}

/// A small file of the node's configuration.
enum SmallFile {
  /// Bytes; no such file is larger.
  static let largest = 1 << 20

  /// Its content, or the beginning of one that is larger than `largest`; nil where it cannot be read.
  static func bytes(of path: FilePath) -> [UInt8]? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    return try? file.closeAfter {
      var bytes: [UInt8] = []
      while bytes.count <= largest {
        let part = try [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
          count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        if part.isEmpty { break }
        bytes += part
      }
      return bytes
    }
  }
}
