import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Folders and small files of the node's configuration.
enum FolderContent {
  private static let largest = 1 << 20

  /// Nil where there is no such folder, or it may not be read.
  static func names(of folder: FilePath) -> Set<String>? {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.string)).map(Set.init)
  }

  /// Nil where it cannot be read, is no UTF-8, or is larger than any such file.
  static func text(of path: FilePath) -> String? {
    guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    return try? descriptor.closeAfter {
      var bytes: [UInt8] = []
      while bytes.count <= largest {
        let part = try [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
          count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        if part.isEmpty { return String(validating: bytes, as: UTF8.self) }
        bytes += part
      }
      return nil
    }
  }
}
