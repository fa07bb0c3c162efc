import Foundation
import Glibc

/// Makes a folder under the system's temporary folder, and removes it with all that hangs on it after `body`.
package func withScratchFolder<Result>(
  _ name: String, _ body: (ScratchFolder) async throws -> Result
) async throws -> Result {
  let folder = try ScratchFolder(named: name)
  do {
    let result = try await body(folder)
    await folder.remove()
    return result
  } catch {
    await folder.remove()
    throw error
  }
}

/// The same for tests that only need a path.
package func withTemporaryFolder<Result>(
  _ name: String = "t", _ body: (String) async throws -> Result
) async throws -> Result {
  try await withScratchFolder(name) { try await body($0.path) }
}

/// A short-named folder for the length of a test, and everything that hangs on it.
package struct ScratchFolder: Sendable {
  package let path: String

  fileprivate init(named name: String) throws {
    // Sockets live here: their paths must stay under 108 bytes.
    path =
      FileManager.default.temporaryDirectory.path + "/pp-\(name)-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  }

  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Ends the processes that were started with a path of this folder, detaches its mounts, and deletes it.
  fileprivate func remove() async {
    for _ in 0..<50 {
      let left = processes()
      if left.isEmpty { break }
      for pid in left { kill(pid, SIGKILL) }
      try? await Task.sleep(for: .milliseconds(100))
    }
    for point in mountPoints().reversed() { umount2(point, Int32(MNT_DETACH)) }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Living processes whose command line names a path of this folder: shims, a daemon's own containerd.
  private func processes() -> [pid_t] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { pid_t($0) }.filter { pid in
      guard pid != getpid(), let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else {
        return false
      }
      return String(decoding: line, as: UTF8.self).contains(path + "/")
    }
  }

  /// What is mounted under this folder, or elsewhere with its upper or lower layers in it.
  private func mountPoints() -> [String] {
    guard let table = FileManager.default.contents(atPath: "/proc/self/mountinfo") else { return [] }
    return String(decoding: table, as: UTF8.self).split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4, line.contains(path + "/") || fields[4] == path else { return nil }
      return String(fields[4])
    }
  }
}
