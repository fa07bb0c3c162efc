import ArgumentParser
import Foundation

/// The drawing that `--plot` asks for.
enum PlotFile {
  /// Refuses what could not be written, before any work is done for it.
  ///
  /// - Throws: `ValidationError` for a folder, and for a file in a folder that there is not or that is not ours.
  static func check(_ path: String) throws {
    let files = FileManager.default
    let parent = NSString(string: path).deletingLastPathComponent
    let folder = parent.isEmpty ? "." : parent
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw ValidationError("cannot write \(path): it is a folder; check --plot")
    }
    guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw ValidationError("cannot write \(path): there is no folder \(folder); check --plot")
    }
    guard files.isWritableFile(atPath: folder) else {
      throw ValidationError("cannot write \(path): the folder may not be written to; check --plot")
    }
  }

  static func write(_ svg: String, to path: String) throws {
    do {
      try svg.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw ValidationError("cannot write \(path); check --plot")
    }
  }
}
