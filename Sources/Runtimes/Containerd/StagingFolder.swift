import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where one run of this program keeps what it downloads and unpacks until the runtime takes it: a folder beside the
/// content store, that nobody else may enter.
///
/// A lock tells whether the run still goes on. What a run that was killed left behind, the next one deletes: all that was
/// whole is with the runtime by then.
final class StagingFolder: Sendable {
  let path: FilePath
  /// Names the run, in leases and snapshots too.
  let run: String
  private let lock: OpenFile

  private init(path: FilePath, run: String, lock: OpenFile) {
    self.path = path
    self.run = run
    self.lock = lock
  }

  /// Makes a folder for this run below `parent`, after those of dead runs were deleted.
  ///
  /// - Returns: also the names of the dead runs.
  static func make(below parent: FilePath, delete: (FilePath) throws -> Void) throws -> (StagingFolder, dead: [String])
  {
    do {
      try makeFolder(parent)
      let gate = try OpenFile(parent.appending("lock"), .readWrite, options: .create)
      // Whoever holds it deletes what dead runs left.
      let end = ContinuousClock.now + .seconds(120)
      while try !gate.tryLock() {
        guard ContinuousClock.now < end else {
          throw FastFault(.timedOut, "another run of this program has held \(gate.path) for two minutes")
        }
        usleep(10_000)
      }
      var dead: [String] = []
      for name in try FolderNames.of(parent) where name.hasPrefix("run-") {
        let folder = parent.appending(name)
        guard let lock = try OpenFile(ifThere: folder.appending("lock")) else {
          try? delete(folder)
          continue
        }
        guard try lock.tryLock() else { continue }
        try? delete(folder)
        dead.append(String(name.dropFirst("run-".count)))
      }
      let run = String(UInt64.random(in: 0 ... .max), radix: 36)
      let path = parent.appending("run-\(run)")
      try makeFolder(path)
      let lock = try OpenFile(path.appending("lock"), .readWrite, options: .create)
      guard try lock.tryLock() else { throw FastFault(.fault, "the new folder \(path) is in use") }
      return (StagingFolder(path: path, run: run, lock: lock), dead)
    } catch let fault as LayoutFault {
      throw FastFault(fault.code, fault.detail)
    }
  }

  private static func makeFolder(_ path: FilePath) throws {
    do {
      try FastFault.checking("make the folder", path, path.withPlatformString { mkdir($0, 0o700) })
    } catch let fault {
      var status = stat()
      guard path.withPlatformString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR,
        status.st_uid == geteuid()
      else { throw fault }
    }
  }
}

/// The text of a small file.
enum FileText {
  static func of(_ path: FilePath) -> String? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}

/// The names in a folder.
enum FolderNames {
  static func of(_ path: FilePath) throws -> [String] {
    guard let folder = path.withPlatformString({ opendir($0) }) else {
      throw FastFault(Errno(rawValue: errno), "read the folder", path)
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
