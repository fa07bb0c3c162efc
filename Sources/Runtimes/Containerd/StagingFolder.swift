import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where one run of this program keeps what it downloads and unpacks until the runtime takes it: a folder beside the
/// content store, that nobody else may enter.
///
/// A lock tells whether the run still goes on. Of what a run that was killed left behind, the next one takes over the
/// blobs that it had in part, and deletes the rest: all that was whole is with the runtime by then.
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
  /// - Returns: also the dead runs, and what of them is in the new folder.
  static func make(
    below parent: FilePath, delete: (FilePath) throws -> Void
  ) throws -> (StagingFolder, dead: [DeadRun], leftovers: [PartialBlob]) {
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
      let names = try FastFault.naming("read the folder", parent) { try FolderNames.of(parent) }
      let run = String(UInt64.random(in: 0 ... .max), radix: 36)
      let path = parent.appending("run-\(run)")
      try makeFolder(path)
      let lock = try OpenFile(path.appending("lock"), .readWrite, options: .create)
      guard try lock.tryLock() else { throw FastFault(.fault, "the new folder \(path) is in use") }
      var dead: [DeadRun] = []
      var leftovers: [PartialBlob] = []
      for name in names where name.hasPrefix("run-") {
        let folder = parent.appending(name)
        guard let lock = try OpenFile(ifThere: folder.appending("lock")) else {
          try? delete(folder)
          continue
        }
        guard try lock.tryLock() else { continue }
        let found = PartialBlobs.find(in: folder)
        dead.append(
          DeadRun(name: String(name.dropFirst("run-".count)), blobs: found.map(\.content)))
        leftovers = PartialBlobs.rescue(leftovers + found, to: path)
        try? delete(folder)
      }
      return (StagingFolder(path: path, run: run, lock: lock), dead, leftovers)
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
