import ArgumentParser
import Documents
import SystemPackage

/// A text file that an option names, or standard input.
package enum InputFile {
  /// What messages call it.
  package static func name(of file: String) -> String { file == "-" ? "standard input" : file }

  /// What `kubectl get pods -A -o json` prints on a cluster of some ten thousand pods; what is made of it in memory is
  /// several times as large.
  private static let mostBytes = 256 << 20

  /// - Parameters:
  ///   - file: a path; `-` is standard input.
  ///   - largest: bytes; more are refused. Nil for what any list of a cluster fits into.
  /// - Throws: `ValidationError` when it cannot be read, is too large, or is no text.
  package static func text(of file: String, option: String, largest: Int? = nil) throws -> String {
    let name = name(of: file)
    let largest = largest ?? mostBytes
    var bytes: [UInt8] = []
    do {
      let descriptor = file == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(FilePath(file), .readOnly)
      defer { if file != "-" { try? descriptor.close() } }
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 1)
      defer { chunk.deallocate() }
      while case let count = try descriptor.read(into: chunk), count > 0 {
        bytes += chunk[..<count]
        guard bytes.count <= largest else {
          throw ValidationError(
            "\(name) is larger than \(largest >> 20) MiB, the most that \(option) reads of one file: split it, for "
              + "example by namespace (kubectl get … -n NAMESPACE -o json), or ask the cluster itself: prepull images, "
              + "without -f")
        }
      }
    } catch let error as Errno {
      throw ValidationError("cannot read \(name): \(error.description.lowercased()); check \(option)")
    }
    guard let text = DocumentText.decode(bytes) else {
      throw ValidationError("\(name) is not UTF-8 text; is it the right file for \(option)?")
    }
    return text
  }
}
