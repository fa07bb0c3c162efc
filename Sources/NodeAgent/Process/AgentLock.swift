import Glibc
import SystemPackage

/// A file that one process at a time holds: of two agents on a machine, as in a rolling update, the second waits.
///
/// The kernel lets go of it when its holder ends, however that comes about.
struct AgentLock: Sendable {
  private let file: FileDescriptor

  /// Waits until nobody else holds it.
  ///
  /// - Parameter onWaiting: called once, when it is held by another process.
  static func acquire(_ path: String, onWaiting: () -> Void) async throws -> AgentLock {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(
        FilePath(path), .readWrite, options: [.create, .closeOnExec], permissions: FilePermissions(rawValue: 0o600))
    } catch let error as Errno {
      throw AgentFault("cannot open \(path): \(error.description.lowercased()); check --lock-file")
    }
    var hasWaited = false
    do {
      while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
        guard errno == EWOULDBLOCK || errno == EINTR else {
          throw AgentFault("cannot lock \(path): \(Errno(rawValue: errno).description.lowercased()); check --lock-file")
        }
        if !hasWaited { onWaiting() }
        hasWaited = true
        try await Task.sleep(for: .seconds(1))
      }
    } catch {
      try? file.close()
      throw error
    }
    return AgentLock(file: file)
  }

  func release() { try? file.close() }
}

/// What keeps an agent from running, with the remedy.
package struct AgentFault: Error, Hashable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
