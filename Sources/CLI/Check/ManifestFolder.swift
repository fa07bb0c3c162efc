import ArgumentParser
import Foundation

/// What `-f` names: a file, standard input, or the manifests of a folder, as kubectl has it.
enum ManifestFolder {
  /// - Throws: `ValidationError` for a folder without manifests.
  static func files(of path: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard path != "-", FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [path]
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let manifests = names.filter { name in [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } }.sorted()
    guard !manifests.isEmpty else {
      throw ValidationError("there is no .yaml, .yml or .json file in the folder \(path); check -f")
    }
    return manifests.map { (path.hasSuffix("/") ? path : path + "/") + $0 }
  }
}
