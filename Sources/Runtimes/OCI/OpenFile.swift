import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An open file or folder that closes itself.
///
/// Its lock is a `flock`: it belongs to this opening, so it works between tasks as between processes, and the kernel
/// drops it when the process dies. The descriptor is not inherited by helper programs.
final class OpenFile: Sendable {
  let path: FilePath
  let descriptor: FileDescriptor

  init(_ path: FilePath, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = []) throws {
    self.path = path
    self.descriptor = try attempting("open", path) {
      try FileDescriptor.open(
        path, mode, options: options.union(.closeOnExec), permissions: [.ownerReadWrite, .groupRead, .otherRead])
    }
  }

  /// Opens for reading; `nil` when there is no such file.
  init?(ifThere path: FilePath) throws {
    self.path = path
    do {
      self.descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    } catch Errno.noSuchFileOrDirectory {
      return nil
    } catch let errno as Errno {
      throw LayoutFault(errno, "open", path)
    }
  }

  deinit { try? descriptor.close() }

  /// Takes the exclusive lock if nobody else has it.
  func tryLock() throws -> Bool {
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 else { return true }
    let error = Errno(rawValue: errno)
    guard error == .wouldBlock || error == .interrupted else { throw LayoutFault(error, "lock", path) }
    return false
  }

  func status() throws -> Stat { try attempting("look at", path) { try descriptor.stat() } }

  /// Whether the path still leads to this file: it may have been renamed or removed since it was opened.
  func isAtPath() throws -> Bool {
    guard let there = try? Stat(path) else { return false }
    let own = try status()
    return there.inode == own.inode && there.deviceID == own.deviceID
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
    try attempting("write", path) { _ = try descriptor.writeAll(toAbsoluteOffset: offset, bytes) }
  }

  /// Fills as much of `buffer` as the file has from `offset` on, and returns how much that is.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
    try attempting("read", path) {
      var count = 0
      while count < buffer.count {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        let read = try descriptor.read(fromAbsoluteOffset: offset + Int64(count), into: part)
        guard read > 0 else { break }
        count += read
      }
      return count
    }
  }

  /// Waits until the content (not the times) is on the disk.
  func synchronize() throws {
    guard fdatasync(descriptor.rawValue) != 0 else { return }
    let error = Errno(rawValue: errno)
    // File systems that have nothing to write out say that they cannot.
    guard error != .invalidArgument else { return }
    throw LayoutFault(error, "write out", path)
  }

  /// Has the kernel begin to write out a range, and let go of it once it is clean: the later `synchronize` finds little
  /// to do, and a big image does not push everything else out of the page cache.
  func beginWriteOut(from offset: Int64, count: Int64) {
    _ = posix_fadvise(descriptor.rawValue, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
  }

  /// Lets everybody read the file, whatever the mask of the process.
  func share() throws {
    guard fchmod(descriptor.rawValue, 0o644) != 0 else { return }
    throw LayoutFault(Errno(rawValue: errno), "change the permissions of", path)
  }

  /// Marks the file as just used, for those who watch whether its writer is alive.
  func touch() { _ = futimens(descriptor.rawValue, nil) }
}
