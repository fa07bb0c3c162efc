import Usage
import ArgumentParser
import Foundation

/// The file in which `prepull images --watch` keeps what it has seen.
struct UsageFile: Sendable {
  static let defaultPath = "prepull-images.json"
  /// Far more than the record's own limits let it become.
  private static let largest = 16 << 20

  let path: String

  /// What is in the file; nil when there is none.
  ///
  /// - Throws: `UsageFileError` when it cannot be read, or is not what we wrote.
  func read() throws -> UsageRecord? {
    let url = URL(filePath: path)
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    guard size <= Self.largest else { throw UsageFileError(path, "it has \(size >> 20) MiB, more than prepull writes") }
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
      return nil
    } catch {
      throw UsageFileError(path, "it cannot be read (\(Self.cause(error)))", remedy: "Check its permissions.")
    }
    struct Head: Decodable { let version: Int }
    guard let head = try? JSONDecoder().decode(Head.self, from: data) else {
      throw UsageFileError(path, data.isEmpty ? "it is empty" : "it is cut off, or something else than prepull wrote")
    }
    guard head.version == UsageRecord.currentVersion else {
      throw UsageFileError(
        path, "it has the version \(head.version), and this prepull knows \(UsageRecord.currentVersion)",
        remedy: "Use the prepull that wrote it, or begin another file.")
    }
    do {
      return try JSONDecoder().decode(UsageRecord.self, from: data)
    } catch {
      throw UsageFileError(path, "it is damaged")
    }
  }

  /// Puts a record in the place of the old one; whatever happens, one of the two is there whole.
  func write(_ record: UsageRecord) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      try encoder.encode(record).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw UsageFileError(
        path, "it cannot be written (\(Self.cause(error)))",
        remedy: "Give --history a path where there is room and permission.")
    }
  }

  /// Runs `body` while no other process does so for this file.
  ///
  /// - Throws: `UsageFileError` when one does.
  func exclusively(_ body: () async throws -> Void) async throws {
    // The history itself is replaced again and again, and with it what would be locked.
    switch FileLock.take(path + ".lock") {
    case .taken(let lock):
      defer { lock.release() }
      try await body()
    case .busy:
      throw UsageFileError(
        path, "another prepull collects into it", remedy: "End that one, or give another file with --history.")
    // Where there is no permission, writing the history tells better why.
    case .impossible: try await body()
    }
  }

  /// Takes back a history that was begun in vain.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  private static func cause(_ error: any Error) -> String {
    let underlying = (error as? CocoaError)?.underlying as? POSIXError
    guard let code = underlying?.code else { return "\((error as? CocoaError)?.localizedDescription ?? "\(error)")" }
    return String(cString: strerror(code.rawValue)).lowercased()
  }
}

/// Why the history is of no use, and what to do.
struct UsageFileError: Error, CustomStringConvertible {
  let description: String

  init(_ path: String, _ problem: String, remedy: String = "Move it away to begin a new one.") {
    description = "the history \(path) cannot be used: \(problem). \(remedy)"
  }
}
