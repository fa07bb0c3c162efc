import ArgumentParser
import Engines
import ImageModel

/// The images of a command: arguments, and references from files.
struct ImageArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Images to warm, as pods name them.", valueName: "image"))
  var images: [String] = []

  @Option(
    name: .customLong("from-file"),
    help: ArgumentHelp(
      "Read more images from a file, one reference a line; '-' is standard input. Lines that start with # are comments.",
      valueName: "file"))
  var files: [String] = []

  /// All images, each reference once, in the order in which they were given.
  ///
  /// - Parameter further: images from elsewhere, to stand behind these.
  /// - Returns: the images, and the texts that named an image which was there already.
  /// - Throws: `ValidationError` that names every malformed reference, or an empty list.
  func wanted(and further: [String] = []) throws -> (images: [WantedImage], repeated: [String]) {
    var texts = try given()
    texts += further.map { ($0, "") }
    var wanted: [WantedImage] = []
    var repeated: [String] = []
    var seen: Set<Reference> = []
    var faults: [String] = []
    for (text, place) in texts {
      do {
        let reference = try Reference(parsing: text)
        if seen.insert(reference).inserted {
          wanted.append(WantedImage(given: text, reference: reference))
        } else {
          repeated.append(text)
        }
      } catch {
        faults.append(place + error.description)
      }
    }
    guard faults.isEmpty else { throw ValidationError(faults.joined(separator: "\n       ")) }
    guard !wanted.isEmpty else {
      throw ValidationError(
        files.isEmpty
          ? "name at least one image, for example nginx:1.27, or give --from-file"
          : "there is no image in \(files.joined(separator: ", "))")
    }
    return (wanted, repeated)
  }

  private func given() throws -> [(text: String, place: String)] {
    var texts = images.map { (text: $0, place: "") }
    for file in files { texts += try Self.references(in: file) }
    return texts
  }

  private static func references(in file: String) throws -> [(text: String, place: String)] {
    let name = file == "-" ? "standard input" : file
    let text = try InputFile.text(of: file, option: "--from-file")
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .compactMap { number, line in
        let trimmed = line.trimmingWhitespace
        return trimmed.isEmpty || trimmed.hasPrefix("#") ? nil : (trimmed, "\(name), line \(number + 1): ")
      }
  }
}

extension Substring {
  fileprivate var trimmingWhitespace: String {
    var rest = self
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
