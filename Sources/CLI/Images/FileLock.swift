import SystemPackage

import Glibc

/// A file that one process has locked, and that is there only for so long.
struct FileLock: Sendable {
  enum Attempt {
    case taken(FileLock)
    /// Another process has it.
    case busy
    /// No file can be made or locked there.
    case impossible
  }

  private let path: String
  private let descriptor: Int32

  /// Locks the file that is at the path when this returns, and not one that its last owner has removed meanwhile.
  static func take(_ path: String) -> Attempt {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard descriptor >= 0 else { return .impossible }
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        if code == EINTR { continue }
        close(descriptor)
        // Some file systems have no locks.
        return code == EWOULDBLOCK ? .busy : .impossible
      }
      if let mine = try? FileDescriptor(rawValue: descriptor).stat(), let there = try? FilePath(path).stat(),
        mine.inode == there.inode, mine.deviceID == there.deviceID
      {
        return .taken(FileLock(path: path, descriptor: descriptor))
      }
      close(descriptor)
    }
  }

  func release() {
    // Before it is unlocked: a process that has opened it by now finds another file at the path.
    unlink(path)
    close(descriptor)
  }
}
