package import ArgumentParser
package import ImageModel

/// The images of a command: arguments, and references from files.
package struct ImageArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Images to warm, as pods name them.", valueName: "image"))
  package var images: [String] = []

  @Option(
    name: .customLong("from-file"),
    help: ArgumentHelp(
      "Read more images from a file, one reference a line; '-' is standard input. Lines that start with # are comments.",
      valueName: "file"))
  package var files: [String] = []

  package init() {}

  /// All images, each reference once, in the order in which they were given.
  ///
  /// - Parameters:
  ///   - given: what `given()` read, as standard input is read once; nil to read it now.
  ///   - further: images from elsewhere, to stand behind these.
  /// - Returns: the images, and the texts that named an image which was there already.
  /// - Throws: `ValidationError` that names every malformed reference, or an empty list.
  package func wanted(
    _ given: [Given]? = nil, and further: [String] = []
  ) throws -> (images: [WantedImage], repeated: [String]) {
    let texts = try (given ?? self.given()) + further.map { Given(text: $0) }
    var wanted: [WantedImage] = []
    var repeated: [String] = []
    var seen: Set<Reference> = []
    var faults: [String] = []
    for given in texts {
      do {
        let reference = try Reference(parsing: given.text)
        if seen.insert(reference).inserted {
          wanted.append(WantedImage(given: given.text, reference: reference))
        } else {
          repeated.append(given.text)
        }
      } catch {
        faults.append(given.place + error.description)
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

  /// A text that is to be a reference, and where it stands.
  package struct Given: Sendable {
    package var text: String
    /// Nil for an argument, `-` for standard input.
    package var file: String?
    package var line: Int?

    /// For messages, ahead of what is wrong: `images.txt, line 3: `.
    package var place: String {
      guard let file, let line else { return "" }
      return "\(InputFile.name(of: file)), line \(line): "
    }
  }

  /// The texts as they were given, none looked at yet.
  package func given() throws -> [Given] {
    try images.map { Given(text: $0) } + files.flatMap { try Self.references(in: $0) }
  }

  private static func references(in file: String) throws -> [Given] {
    let text = try InputFile.text(of: file, option: "--from-file")
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .compactMap { number, line in
        let trimmed = line.trimmingWhitespace
        return trimmed.isEmpty || trimmed.hasPrefix("#") ? nil : Given(text: trimmed, file: file, line: number + 1)
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
