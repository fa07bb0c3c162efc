import Runtimes
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The small files of the node, by the paths that the node has for them.
package struct HostFiles: Sendable {
  /// Where the node's root is; nil where it is ours.
  package let root: String?

  private static let largest = 1 << 20
  private static let mostLinks = 40

  package init(root: String? = nil) {
    self.root = root.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
  }

  /// The content of a file of at most 1 MiB; nil where there is none that can be read, or it is larger.
  package func bytes(of path: String) -> [UInt8]? {
    guard let place = place(of: path),
      let file = try? FileDescriptor.open(FilePath(place), .readOnly, options: [.closeOnExec, .nonBlocking])
    else { return nil }
    return try? file.closeAfter {
      guard try file.stat().type == .regular else { return nil }
      var bytes: [UInt8] = []
      while bytes.count <= Self.largest {
        let part = try [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
          count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        if part.isEmpty { return bytes }
        bytes += part
      }
      return nil
    }
  }

  /// The names in a folder, sorted; nil where it is none.
  package func names(in path: String) -> [String]? {
    place(of: path).flatMap { try? FolderNames.of(FilePath($0)).sorted() }
  }

  /// Where a path of the node is for us: its links are followed as the node would. Nil where there is nothing.
  package func place(of path: String) -> String? {
    guard let root else { return path }
    var left = path.split(separator: "/").map(String.init)
    var done: [String] = []
    var links = 0
    while !left.isEmpty {
      let name = left.removeFirst()
      if name == "." { continue }
      if name == ".." {
        _ = done.popLast()
        continue
      }
      let here = root + "/" + (done + [name]).joined(separator: "/")
      guard let status = try? FilePath(here).stat(followTargetSymlink: false) else { return nil }
      guard status.type == .symbolicLink else {
        done.append(name)
        continue
      }
      links += 1
      guard links <= Self.mostLinks, let target = Self.target(of: here) else { return nil }
      if target.hasPrefix("/") { done = [] }
      left = target.split(separator: "/").map(String.init) + left
    }
    return root + "/" + done.joined(separator: "/")
  }

  /// What a link says.
  static func target(of path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    guard count > 0, count < buffer.count else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
