import Foundation
import Glibc

/// Mounts a file system of a few bytes in memory, to run out of. The scratch folder around it detaches it.
func mountMemory(at path: String, size: Int) throws {
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  guard mount("tmpfs", path, "tmpfs", 0, "size=\(size),mode=0755") == 0 else {
    throw DaemonError(description: "cannot mount a tmpfs on \(path): \(String(cString: strerror(errno)))")
  }
}

/// Makes an ext4 on a loop device and mounts it, as nodes have one. The scratch folder around it detaches both.
func mountLoop(at path: String, size: Int) async throws {
  let disk = path + ".disk"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  guard FileManager.default.createFile(atPath: disk, contents: nil), truncate(disk, size) == 0 else {
    throw DaemonError(description: "cannot make \(disk): \(String(cString: strerror(errno)))")
  }
  try await output(of: "mkfs.ext4", ["-q", disk])
  try await output(of: "mount", ["-o", "loop", disk, path])
}

/// Runs `body` with a folder on a file system of `size` bytes in memory.
package func withSmallFileSystem<R: Sendable>(
  size: Int, _ body: (_ path: String) async throws -> R
) async throws -> R {
  try await withScratchFolder("fs") { folder in
    try mountMemory(at: folder("fs"), size: size)
    return try await body(folder("fs"))
  }
}
