import Logging
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Glibc

/// The file in which an agent keeps what the next one has to know.
struct MemoryFile: Sendable {
  private let path: String?
  private let logger: Logger

  /// - Parameter path: nil for nowhere: what was pulled before a restart is never removed then.
  init(_ path: String?, logger: Logger) {
    self.path = path
    self.logger = logger
  }

  /// What was stored last; nothing where the file is not there, or cannot be understood.
  func load() -> PullMemory {
    guard let path, FileManager.default.fileExists(atPath: path) else { return PullMemory() }
    do {
      return try JSONDecoder().decode(PullMemory.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      logger.warning(
        "what agents before this one remembered cannot be read; images that they pulled stay",
        metadata: ["file": "\(path)"])
      return PullMemory()
    }
  }

  /// Replaces the file at once, so that a crash leaves the old or the new one.
  func store(_ memory: PullMemory) {
    guard let path else { return }
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let data = try encoder.encode(memory)
      let file = try FileDescriptor.open(
        FilePath(path + ".new"), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o600))
      try file.closeAfter {
        try file.writeAll(data)
        _ = fsync(file.rawValue)
      }
      guard rename(path + ".new", path) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      logger.warning(
        "what this agent did cannot be remembered; the next one leaves these images where they are",
        metadata: ["file": "\(path)", "error": "\(error)"])
    }
  }
}
