import ArgumentParser
import Commands
import Workloads

/// Manifests that name workloads, or images in objects of other kinds.
enum WorkloadFiles {
  /// - Throws: `ValidationError` for what cannot be read, and a file without a workload.
  static func read(_ files: [String]) throws -> WorkloadSet {
    var templates: [WorkloadTemplate] = []
    var remarks: [String] = []
    for file in files {
      let name = InputFile.name(of: file)
      let before = templates.count
      let text = try InputFile.text(of: file, option: "-f")
      let duplicates = try ManifestFiles.eachDocument(of: text, name: name) { document in
        do {
          let own = try WorkloadTemplate.all(in: document.json)
          let others = ManifestImages.find(in: document.json).leaving(own)
          templates += own + others.templates
          remarks += others.problems.map { "left out: \(name), \($0)" }
        } catch let error as WorkloadError {
          throw ValidationError("\(name), document at line \(document.line): \(error)")
        }
      }
      remarks += duplicates
      guard templates.count > before else {
        throw ValidationError(
          "there is no workload in \(name): none of its objects has a pod template or names an image")
      }
    }
    return WorkloadSet(templates, remarks: remarks)
  }
}
