import ArgumentParser
import Documents
import Engines

/// Files of manifests whose images are wanted, of whatever kind the objects are.
enum ManifestFiles {
  /// The images that the files name.
  ///
  /// - Parameters:
  ///   - files: paths of files and folders; `-` is standard input.
  ///   - option: by which the files were given.
  /// - Throws: `ValidationError` for a file that cannot be read, is not YAML, or holds no Kubernetes object.
  static func images(in files: [String], option: String = "-f") throws -> ManifestImages {
    var all = ManifestImages()
    for file in try files.flatMap(ManifestFolder.files) {
      let name = file == "-" ? "standard input" : file
      all += try images(of: try InputFile.text(of: file, option: option), name: name)
    }
    return all
  }

  static func images(of text: String, name: String) throws -> ManifestImages {
    var all = ManifestImages()
    do {
      for document in try YAMLDocuments.parse(text) { all += ManifestImages.find(in: document.json) }
    } catch {
      throw ValidationError("\(name), \(error)")
    }
    guard all.objects > 0 else {
      throw ValidationError(
        """
        there is no Kubernetes object in \(name): none of its documents has apiVersion and kind; \
        of a chart, give what helm template prints
        """)
    }
    return all
  }
}
