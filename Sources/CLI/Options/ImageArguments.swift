import ArgumentParser
import Engines
import ImageModel
import SystemPackage

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
  /// - Returns: the images, and the texts that named an image which was there already.
  /// - Throws: `ValidationError` that names every malformed reference, or an empty list.
  func wanted() throws -> (images: [WantedImage], repeated: [String]) {
    var texts = images.map { (text: $0, place: "") }
    for file in files { texts += try Self.references(in: file) }
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

  private static let largestFile = 16 << 20

  private static func references(in file: String) throws -> [(text: String, place: String)] {
    let name = file == "-" ? "standard input" : file
    var bytes: [UInt8] = []
    do {
      let descriptor = file == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(FilePath(file), .readOnly)
      defer { if file != "-" { try? descriptor.close() } }
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
      defer { chunk.deallocate() }
      while case let count = try descriptor.read(into: chunk), count > 0 {
        bytes += chunk[..<count]
        guard bytes.count <= largestFile else {
          throw ValidationError("\(name) is larger than 16 MiB; is it a list of images?")
        }
      }
    } catch let error as Errno {
      throw ValidationError("cannot read \(name): \(error.description.lowercased()); check --from-file")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ValidationError("\(name) is not UTF-8 text; it shall hold one image reference a line")
    }
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
