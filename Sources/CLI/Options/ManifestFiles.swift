import ArgumentParser
import Commands
import Documents
import Workloads

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
      all += try images(of: try InputFile.text(of: file, option: option), name: InputFile.name(of: file))
    }
    return all
  }

  static func images(of text: String, name: String) throws -> ManifestImages {
    var all = ManifestImages()
    all.remarks = try eachDocument(of: text, name: name) { all += ManifestImages.find(in: $0.json) }
    try requireObjects(all.objects, in: name)
    return all
  }

  /// Reads the documents of manifests, one after the other.
  ///
  /// - Parameter name: of the file, for messages.
  /// - Returns: remarks for the user, a line each.
  /// - Throws: `ValidationError` for what is not YAML, and what `body` throws.
  static func eachDocument(
    of text: String, name: String, places: Bool = false, _ body: (YAMLDocument) throws -> Void
  ) throws -> [String] {
    var duplicates = DuplicateKeys(in: name)
    var strangers = StrangeDocuments(in: name)
    do {
      try YAMLDocuments.each(of: text, places: places) { document in
        duplicates.add(document)
        strangers.add(document)
        try body(document)
      }
    } catch let error as YAMLError {
      throw ValidationError("\(name), \(error)")
    }
    return duplicates.remarks + strangers.remarks
  }

  /// - Throws: `ValidationError` when there are none.
  static func requireObjects(_ count: Int, in name: String) throws {
    guard count > 0 else {
      throw ValidationError(
        """
        there is no Kubernetes object in \(name): none of its documents has apiVersion and kind; \
        of a chart, give what helm template prints
        """)
    }
  }
}
