import ArgumentParser
import SystemPackage

/// A text file that an option names, or standard input.
enum InputFile {
  /// What messages call it.
  static func name(of file: String) -> String { file == "-" ? "standard input" : file }

  private static let largest = 16 << 20

  /// - Parameter file: a path; `-` is standard input.
  /// - Throws: `ValidationError` when it cannot be read, is too large, or is not UTF-8.
  static func text(of file: String, option: String) throws -> String {
    let name = name(of: file)
    var bytes: [UInt8] = []
    do {
      let descriptor = file == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(FilePath(file), .readOnly)
      defer { if file != "-" { try? descriptor.close() } }
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
      defer { chunk.deallocate() }
      while case let count = try descriptor.read(into: chunk), count > 0 {
        bytes += chunk[..<count]
        guard bytes.count <= largest else {
          throw ValidationError("\(name) is larger than 16 MiB; is it the right file for \(option)?")
        }
      }
    } catch let error as Errno {
      throw ValidationError("cannot read \(name): \(error.description.lowercased()); check \(option)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ValidationError("\(name) is not UTF-8 text; is it the right file for \(option)?")
    }
    return text.withoutByteOrderMark
  }
}

extension String {
  /// What editors on Windows put in front of UTF-8 text is none of it.
  var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
  }
}
