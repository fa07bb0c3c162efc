import Documents
import ImageModel
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Layout {
  /// What lies at the path.
  enum State: Equatable {
    /// Nothing, or a folder that is free to become a layout.
    case free
    case layout(version: String)
  }

  /// Looks what is there; refuses a file, a folder with other things in it, and a layout of another major version.
  func state() throws -> State {
    let status: Stat
    do {
      status = try Stat(root)
    } catch Errno.noSuchFileOrDirectory {
      return .free
    } catch {
      throw LayoutFault(error, "look at", root)
    }
    guard status.type == .directory else {
      throw LayoutFault(
        .fault, "\(root) is a file, not a folder", remedy: "Choose another path, or move the file away.")
    }
    if let bytes = try read(marker) {
      guard let version = (try? JSONDecoder().decode(JSON.self, from: Data(bytes)))?["imageLayoutVersion"]?.string
      else {
        throw LayoutFault(.fault, "\(marker) is damaged", remedy: "Write {\"imageLayoutVersion\":\"1.0.0\"} into it.")
      }
      guard version.hasPrefix("1.") else {
        throw LayoutFault(
          .unsupported, "\(root) is an image layout of version \(version), not 1.0.0", remedy: "Choose another folder.")
      }
      return .layout(version: version)
    }
    let foreign = try names(in: root).filter { $0 != own.lastComponent?.string && $0 != "lost+found" }
    guard foreign.isEmpty else {
      // Another process made a layout of the folder between the two looks.
      if (try? Stat(marker)) != nil { return try state() }
      throw LayoutFault(
        .fault, "\(root) holds other files (\(foreign.sorted()[0]), …) and is no image layout",
        remedy: "Choose an empty folder or one that has the file oci-layout.")
    }
    return .free
  }

  /// Makes the folders that the lock and the blobs need.
  func makeFolders() throws {
    _ = try state()
    for folder in [root, own, ingest, leases] { try makeFolder(folder) }
  }

  /// Makes a layout of the folder. Belongs under the lock.
  func initialize() throws {
    if case .layout = try state() {
    } else {
      try replace(marker, with: Array(#"{"imageLayoutVersion":"\#(Self.version)"}"#.utf8))
    }
    if (try? Stat(indexFile)) == nil { try replace(indexFile, with: LayoutIndex().encoded()) }
    try makeFolder(blobs)
    try makeFolder(blobs(.sha256))
  }

  /// Puts a new file in the place of an old one in one step. Belongs under the lock.
  func replace(_ path: FilePath, with bytes: [UInt8]) throws {
    let fresh = own.appending((path.lastComponent?.string ?? "") + ".new")
    let file = try OpenFile(fresh, .writeOnly, options: [.create, .truncate])
    try file.publish(bytes)
    try move(fresh, to: path)
    try synchronize(path.removingLastComponent())
  }

  /// Makes a folder, and those above it unless they are known to be there, open to all readers.
  ///
  /// Some file systems (/proc) refuse a new folder as if its parent were missing; that is not tried for ever.
  func makeFolder(_ path: FilePath, hasParent: Bool = false) throws {
    if mkdir(path.string, 0o755) == 0 {
      // The mask of the process must not keep others from reading.
      chmod(path.string, 0o755)
      return
    }
    let error = Errno(rawValue: errno)
    let parent = path.removingLastComponent()
    switch error {
    case .fileExists where (try? Stat(path))?.type == .directory:
      return
    case .noSuchFileOrDirectory where !hasParent && !parent.isEmpty && parent != path:
      try makeFolder(parent)
      try makeFolder(path, hasParent: true)
    default:
      throw LayoutFault(error, "make the folder", path)
    }
  }
}

extension OpenFile {
  /// Writes the whole content of a file that all may read, and waits until it is on the disk.
  fileprivate func publish(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0, at: 0) }
    try share()
    try synchronize()
  }
}
